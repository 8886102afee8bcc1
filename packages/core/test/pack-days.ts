import { batchOnBasis, generationsOf, readMonthBasis } from "../src/manifest/month-basis.ts";
import { appointMonth, endMonth, notePacked } from "../src/manifest/write-month-files.ts";
import { monthDays, monthOf } from "../src/domain/month.ts";
import { packPointMonths } from "../src/months/pack-month.ts";

/**
 * Packs all points of a site in the months of some days, as the builder of months does, and records it.
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
    const basis = await readMonthBasis(db, siteId, month);
    const done = await packPointMonths(db, { siteId, basis, file: null }, pointIds);
    if (done === null) throw new Error("a day changed while it was packed");
    const claimed = generationsOf(month, basis.days).map((one, i) => (done.unpacked.includes(i) ? null : one));
    const build = { month, instance: `${month}` };
    await appointMonth(db, siteId, build);
    const noted = await batchOnBasis(db, siteId, basis, [notePacked(db, siteId, build, claimed)]);
    if (noted === null) throw new Error("a day changed while it was packed");
    await endMonth(db, siteId, build, null, 1);
    packed.push(...claimed.flatMap((generation, i) => (generation === null ? [] : [monthDays(month).first + i])));
  }
  return packed;
}
