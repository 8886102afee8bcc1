import type { MonthGenerations } from "../src/cold/month-files.ts";
import { readManifest } from "../src/cold/manifest.ts";
import { appointMonth, endMonth, notePacked } from "../src/cold/write-month-files.ts";
import { batchUnlessChanged } from "../src/d1/changed-meanwhile.ts";
import { monthDays, monthOf } from "../src/domain/month.ts";
import { expectMonthState, monthStateStatement } from "../src/months/month-state.ts";
import { packPoints } from "../src/months/pack-month.ts";

/**
 * Packs all points of a site in the months of some days, as the builder of months does, and notes it.
 * @returns days that are packed for all points
 */
export async function packDays(
  db: D1Database,
  siteId: number,
  pointIds: readonly number[],
  { first, last }: { readonly first: number; readonly last: number },
): Promise<number[]> {
  const packed: number[] = [];
  for (let month = monthOf(first); month <= monthOf(last); month++) {
    const range = monthDays(month);
    const state = (await monthStateStatement(db, siteId, month).first<string>("state"))!;
    const days = await filedDays(db, siteId, month);
    const done = await packPoints(db, { siteId, month, days, file: null }, pointIds);
    if (done === null) throw new Error("a day changed while it was packed");
    const claimed = days.map((generation, i) => (done.unpacked.includes(i) ? null : generation));
    const build = { month, instance: `${month}` };
    await appointMonth(db, siteId, build);
    const noted = await batchUnlessChanged(db, [
      expectMonthState(db, siteId, month, state),
      notePacked(db, siteId, build, claimed),
    ]);
    if (noted === null) throw new Error("a day changed while it was packed");
    await endMonth(db, siteId, build, null, 1);
    packed.push(...claimed.flatMap((generation, i) => (generation === null ? [] : [range.first + i])));
  }
  return packed;
}

/** By day of a month: the generation of its file; null: it has none that may be packed. */
export async function filedDays(db: D1Database, siteId: number, month: number): Promise<MonthGenerations> {
  const { first, end } = monthDays(month);
  const known = new Map((await readManifest(db, siteId, first, end)).map((day) => [day.day, day]));
  return Array.from({ length: end - first }, (_, i) => {
    const day = known.get(first + i);
    return day?.state === "written" && day.file !== null ? day.generation : null;
  });
}
