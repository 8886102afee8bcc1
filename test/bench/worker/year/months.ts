import { MemoryEngine } from "@building-vitals/core/test/memory-engine";
import { appointMonth } from "@building-vitals/core/manifest/write-month-files";
import { readMonthFiles } from "@building-vitals/core/manifest/month-files";
import type { TimeRange } from "@building-vitals/core/domain/time-range";
import { runMonth } from "@building-vitals/core/months/run-month";
import { bucketSeries } from "@building-vitals/core/query/buckets";
import { coldLevel } from "@building-vitals/core/read/cold-level";
import { needsOf } from "@building-vitals/core/read/needs";
import { newTally, readSamples } from "@building-vitals/core/read/read-samples";
import { readStored } from "@building-vitals/core/read/stored";
import { HOT_END, SITE_NAME } from "../../year-size.ts";
import type { YearEnv } from "./build.ts";
import { timeRuns } from "./measure.ts";
import { pointName } from "./samples.ts";

const SITE = { id: 1, name: SITE_NAME };
const NOW = HOT_END + 1_800_000;
const QUARTER_MS = 900_000;

/** Builds the file of a month, and packs its aggregates, as the Workflow does. */
export async function buildMonth({ DB, TIMESERIES }: YearEnv, month: number): Promise<void> {
  const appointed = await appointMonth(DB, SITE.id, { month, instance: `bench-${month}` });
  const context = { db: DB, bucket: TIMESERIES, site: SITE, appointed: appointed!, keepsFiles: true, now: () => NOW };
  await new MemoryEngine().run((steps) => runMonth(steps, { ...context, beginNext: () => Promise.resolve() }));
  const [row] = await readMonthFiles(DB, SITE.id, month, month + 1);
  if (row?.file == null || row.reason !== null) throw new Error(`month ${month} was not built: ${row?.reason}`);
}

/** What is read of some points, and how. */
export interface MonthsRead {
  readonly ids: readonly number[];
  readonly range: TimeRange;
  /** whether it is summed up by quarters of an hour */
  readonly isBucketed: boolean;
  /** whether month files are read, or the days' alone */
  readonly withMonths: boolean;
}

/** Reads samples like a query, planned from the stored state, and sums them up. @returns what that took */
async function readOnce({ DB, TIMESERIES }: YearEnv, { ids, range, isBucketed, withMonths }: MonthsRead) {
  const points = ids.map((id) => ({ id, name: pointName(id) }));
  const found = await readStored(DB, SITE.id, ids, range, "locators");
  const stored = withMonths ? found : { ...found, months: [] };
  const { hours, blocks } = needsOf(points, range, stored, "samples");
  const cold = coldLevel(DB, TIMESERIES, SITE.id);
  const tally = newTally();
  const quarters = (range.end - range.start) / QUARTER_MS;
  const bounds = Float64Array.from({ length: quarters + 1 }, (_, i) => range.start + i * QUARTER_MS);
  let [samples, values] = [0, 0];
  for (const block of blocks) {
    const wanted = { range, hours, only: null, days: stored.days, hotSamples: null };
    for (const series of (await readSamples(cold, wanted, block, tally)).values()) {
      samples += series.times.length;
      values += isBucketed ? bucketSeries(series, bounds, null).times.length : series.times.length;
    }
  }
  if (tally.unreadable.size > 0 || tally.months.size > 0) throw new Error("a file could not be read");
  return { samples, values, ...tally.cold };
}

/** Times what is read, and tells what it took. */
export async function timeMonths(env: YearEnv, read: MonthsRead, runs: number) {
  const took = await readOnce(env, read);
  const ms = await timeRuns(runs, async () => {
    await readOnce(env, read);
  });
  return { ...took, ms };
}
