import { type DayState, type ManifestDay, readManifest } from "../manifest/manifest.ts";
import type { PlacedSite } from "./backfill-site.ts";
import type { DayRange } from "./date-range.ts";

/** Consecutive days, both ends included, with equal state in the manifest of another database. */
export interface DayRun extends DayRange {
  /** in the main database */
  readonly siteId: number;
  /** null: the day was never built */
  readonly state: DayState | null;
  readonly source: ManifestDay["source"];
  /** samples in each day's file, from the first day on */
  readonly rows: readonly number[];
}

/**
 * Reads the state of each day of the sites outside the main database. An earlier job may build a day meanwhile;
 * rebuilding that day is harmless.
 */
export async function readDayRuns(sites: readonly PlacedSite[], range: DayRange): Promise<DayRun[]> {
  const runs = sites.map(async ({ id, elsewhere }) => {
    if (elsewhere === undefined) return [];
    const rows = await readManifest(elsewhere.db, elsewhere.site.id, range.first, range.last + 1);
    return runsOf(id, new Map(rows.map((row) => [row.day, row])), range);
  });
  return (await Promise.all(runs)).flat();
}

function runsOf(siteId: number, rows: ReadonlyMap<number, ManifestDay>, { first, last }: DayRange): DayRun[] {
  const runs: DayRun[] = [];
  for (let day = first; day <= last; day++) {
    const { state = null, source = null, file = null } = rows.get(day) ?? {};
    const samples = file?.rows ?? 0;
    const before = runs.at(-1);
    if (before?.state === state && before.source === source) {
      runs[runs.length - 1] = { ...before, last: day, rows: [...before.rows, samples] };
    } else runs.push({ siteId, first: day, last: day, state, source, rows: [samples] });
  }
  return runs;
}
