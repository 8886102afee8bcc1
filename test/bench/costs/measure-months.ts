import { setTimeout as sleep } from "node:timers/promises";
import { monthDays, monthOf } from "@building-vitals/core/domain/month";
import { type Counts, minus } from "@building-vitals/local/costs/counts";
import type { MonthJobName, MonthQueryName } from "@building-vitals/local/costs/measured";
import type { Measurement } from "@building-vitals/local/costs/terms";
import { z } from "zod";
import type { Days, QueryMeter } from "./measure-queries.ts";
import type { MeteredSite } from "./site.ts";

/** January 1970, of which no day has a file. */
const NO_MONTH = 0;
const SUPERVISE = "*/5 * * * *";

/** What was measured of months, by the days that they have. */
export interface MonthMeasurements {
  readonly jobs: Readonly<Record<MonthJobName, readonly Measurement[]>>;
  readonly queries: Readonly<Record<MonthQueryName, readonly Measurement[]>>;
  /** bytes that packing a point's day saves in D1 */
  readonly savedPerPointDay: number;
  /** bytes of a sample in a month file */
  readonly r2PerSample: number;
}

interface MonthsAsked {
  /** all days of each month that have files: the last one has most */
  readonly months: readonly Days[];
  /** epoch ms */
  readonly now: number;
  /** of a run of the cron that begins a month */
  readonly supervise: Counts;
  readonly queries: QueryMeter;
}

/** Builds months: first as a site does that keeps no month files, then as one that does. Then asks for their days. */
export async function measureMonths(site: MeteredSite, asked: MonthsAsked): Promise<MonthMeasurements> {
  const { months, now, supervise, queries } = asked;
  const { points } = site.options;
  const jobs: Record<MonthJobName, Measurement[]> = { builtMonth: [], packedMonth: [] };
  let savedPerPointDay = 0;
  // the cron's other work first, while no month is due
  await letRest(site, NO_MONTH, now);
  await site.cron("backfill", SUPERVISE);
  for (const { first, end } of months) {
    const days = end - first;
    const month = monthOf(first);
    const build = async (monthFiles: boolean): Promise<Measurement> => {
      await site.keepMonthFiles(monthFiles);
      // the run of the cron, and the instance
      const counts = minus(await site.measure(2, () => buildMonth(site)), supervise);
      return { points, days, counts };
    };
    await letRest(site, month, now);
    await site.rows("CREATE TABLE unpacked AS SELECT key, hours FROM block_days");
    const before = await site.usedD1Bytes();
    jobs.packedMonth.push(await build(false));
    savedPerPointDay = (before - (await site.usedD1Bytes())) / (points * days);
    await unpack(site, month);
    jobs.builtMonth.push(await build(true));
  }
  const [file] = filesSchema.parse(await site.rows("SELECT bytes, rows FROM month_files ORDER BY month DESC LIMIT 1"));
  const asks = await queries.ofMonths(months);
  return { jobs, queries: asks, savedPerPointDay, r2PerSample: file.bytes / file.rows };
}

const filesSchema = z.tuple([z.object({ bytes: z.int(), rows: z.int() })]);

/** Lets one month be the only one whose days were published long enough ago. @param now epoch ms */
async function letRest(site: MeteredSite, month: number, now: number): Promise<void> {
  const { first, end } = monthDays(month);
  await site.rows(`UPDATE day_files SET updated_at = iif(day >= ${first} AND day < ${end}, 0, ${now})`);
}

/** Puts everything back to before a month was packed. */
async function unpack(site: MeteredSite, month: number): Promise<void> {
  await site.rows("UPDATE block_days SET hours = (SELECT u.hours FROM unpacked u WHERE u.key = block_days.key)");
  await site.rows("DROP TABLE unpacked");
  await site.rows(`DELETE FROM point_months WHERE (key & 4095) = ${month}`);
  await site.rows(`DELETE FROM month_files WHERE month = ${month}`);
}

const monthsSchema = z.array(z.object({ reason: z.string().nullable(), instance: z.string().nullable() }));

/** Builds the month that is due. */
async function buildMonth(site: MeteredSite): Promise<void> {
  await site.cron("backfill", SUPERVISE);
  for (;;) {
    const months = monthsSchema.parse(await site.rows("SELECT reason, instance FROM month_files"));
    if (months.length === 0) throw new Error("no month is due");
    const failed = months.find(({ reason }) => reason !== null);
    if (failed !== undefined) throw new Error(`a month was not built: ${failed.reason}`);
    if (months.every(({ instance }) => instance === null)) break;
    await sleep(100);
  }
  // it removes what was staged, and looks for the next one
  await site.idle();
}
