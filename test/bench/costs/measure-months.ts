import { setTimeout as sleep } from "node:timers/promises";
import { monthDays, monthOf } from "@building-vitals/core/domain/month";
import { type OperationCounts, minus } from "@building-vitals/local/costs/counts";
import { DAYS_PER_MONTH } from "@building-vitals/local/costs/deployment";
import type { CountedRun } from "@building-vitals/local/costs/terms";
import { z } from "zod";
import type { Days, QueryMeter, QueryRuns } from "./measure-queries.ts";
import type { MeteredSite } from "./site.ts";

/**
 * D1's pages are partly filled. An estimate: a year of packed months took 167 bytes a point and day in pages
 * (docs/decisions/0027), and about 140 in rows.
 */
const PAGES_PER_ROWS = 1.2;
/** January 1970: none of its days has a file. */
const NO_MONTH = 0;
const SUPERVISE = "*/5 * * * *";

/** Measurements of months, by their days. */
export interface MonthMeasurements {
  readonly jobs: Record<"builtMonth" | "packedMonth", CountedRun[]>;
  readonly queries: QueryRuns<"monthRaw" | "daily">;
  /** bytes of a point's packed day in D1 */
  readonly d1PerPointDay: number;
  /** bytes of a sample in a month file */
  readonly r2PerSample: number;
}

interface MonthsToMeasure {
  /** all days of each month that have files; the last month has most */
  readonly months: readonly Days[];
  /** epoch ms */
  readonly now: number;
  /** the counts of a run of the cron that begins a month */
  readonly supervise: OperationCounts;
  readonly queries: QueryMeter;
}

/** Builds each month without a month file, then with one. Then runs queries of their days. */
export async function measureMonths(site: MeteredSite, measured: MonthsToMeasure): Promise<MonthMeasurements> {
  const { months, now, supervise, queries } = measured;
  const { points } = site.options;
  const jobs: MonthMeasurements["jobs"] = { builtMonth: [], packedMonth: [] };
  const rows: PackedRows[] = [];
  // runs the cron's other work first, while no month is due
  await letRest(site, NO_MONTH, now);
  await site.cron("backfill", SUPERVISE);
  for (const { first, end } of months) {
    const days = end - first;
    const month = monthOf(first);
    const build = async (monthFiles: boolean): Promise<CountedRun> => {
      await site.keepMonthFiles(monthFiles);
      // two requests: the cron's run and the instance
      const counts = minus(await site.measure(2, () => buildMonth(site)), supervise);
      return { points, days, counts };
    };
    await letRest(site, month, now);
    await site.rows("CREATE TABLE unpacked AS SELECT key, hours FROM block_days");
    jobs.packedMonth.push(await build(false));
    rows.push(await packedRows(site, { first, end }));
    await unpack(site, month);
    jobs.builtMonth.push(await build(true));
  }
  const [file] = filesSchema.parse(await site.rows("SELECT bytes, rows FROM month_files ORDER BY month DESC LIMIT 1"));
  const r2PerSample = file.bytes / file.rows;
  return { jobs, queries: await queries.ofMonths(months), d1PerPointDay: d1PerPackedPointDay(rows), r2PerSample };
}

/** Sizes of the rows of a packed month. */
interface PackedRows {
  readonly days: number;
  /** bytes of a point and month in `point_months` */
  readonly month: number;
  /** bytes of a point and day that stay in `block_days` */
  readonly day: number;
}

const lengthSchema = z.tuple([z.object({ bytes: z.int() })]);

async function packedRows(site: MeteredSite, { first, end }: Days): Promise<PackedRows> {
  const { points } = site.options;
  const days = end - first;
  const [month] = lengthSchema.parse(
    await site.rows(
      `SELECT sum(length(head) + length(hours)) AS bytes FROM point_months WHERE (key & 4095) = ${monthOf(first)}`,
    ),
  );
  const [day] = lengthSchema.parse(
    await site.rows(
      `SELECT sum(length(places) + length(quality) + length(hours)) AS bytes FROM block_days WHERE (key & 65535) >= ${first} AND (key & 65535) < ${end}`,
    ),
  );
  return { days, month: month.bytes / points, day: day.bytes / (points * days) };
}

/** Extrapolates a whole month from two shorter ones, because a longer month is compressed better. */
function d1PerPackedPointDay(rows: readonly PackedRows[]): number {
  const [few, many] = rows;
  if (few === undefined || many === undefined) throw new Error("two measured months are required");
  const perDay = (many.month - few.month) / (many.days - few.days);
  const month = many.month + (DAYS_PER_MONTH - many.days) * perDay;
  return PAGES_PER_ROWS * (month / DAYS_PER_MONTH + many.day);
}

const filesSchema = z.tuple([z.object({ bytes: z.int(), rows: z.int() })]);

/** Makes one month the only one whose days were published long enough ago. @param now epoch ms */
async function letRest(site: MeteredSite, month: number, now: number): Promise<void> {
  const { first, end } = monthDays(month);
  await site.rows(`UPDATE day_files SET updated_at = iif(day >= ${first} AND day < ${end}, 0, ${now})`);
}

/** Restores the state before a month was packed. */
async function unpack(site: MeteredSite, month: number): Promise<void> {
  await site.rows("UPDATE block_days SET hours = (SELECT u.hours FROM unpacked u WHERE u.key = block_days.key)");
  await site.rows("DROP TABLE unpacked");
  await site.rows(`DELETE FROM point_months WHERE (key & 4095) = ${month}`);
  await site.rows(`DELETE FROM month_files WHERE month = ${month}`);
}

const monthsSchema = z.array(z.object({ reason: z.string().nullable(), instance: z.string().nullable() }));

/** Builds the due month. */
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
  // the instance then removes its staged parts, and looks for the next month
  await site.idle();
}
