import { pointName } from "./worker/year/samples.ts";
import { daysOf } from "./year-state.ts";
import { HOT_END, SITE_NAME, spreadIds, type YearSize } from "./year-size.ts";

const DAY_MS = 86_400_000;
const HALF_HOUR_MS = 1_800_000;
const SAMPLES_PER_DAY = 1_440;
const RAW_DAYS = 30;

/** A reading that swings: the kind that takes most bytes. */
const SWINGING = [9];

/** One question to the query Worker, and the same one to those that it is compared with. */
export interface YearCase {
  readonly name: string;
  /** the requests to the query Worker, one after the other: one answer has at most 31 days of raw samples */
  readonly paths: readonly string[];
  /** stored samples that the answer is made of; null: it does not tell */
  readonly samples: number | null;
  /** of the row-per-sample layout: the same rows; null: it does not have that range */
  readonly rowsSql: string | null;
  /** of the day files: the points, and the days they are read of; null: none is read */
  readonly cold: { readonly ids: readonly number[]; readonly days: readonly number[] } | null;
}

/** A question to `/timeseries/query`. */
interface Asked {
  readonly ids: readonly number[];
  readonly start: number;
  readonly end: number;
  readonly interval: "raw" | "5min" | "1hr" | "1day";
}

export function timeseries({ ids, start, end, interval }: Asked): string {
  const names = ids.map((id) => encodeURIComponent(pointName(id))).join();
  return `/timeseries/query?site_name=${SITE_NAME}&point_names=${names}&start_time=${start}&end_time=${end}&interval=${interval}`;
}

function rowsSql({ ids, start, end, interval }: Asked): string {
  const where = `WHERE point_id IN (${ids.join()}) AND time >= ${start} AND time < ${end}`;
  if (interval === "raw") return `SELECT point_id, time, value FROM samples ${where}`;
  return `SELECT point_id, time / 300000, avg(value), min(value), max(value), count(*) FROM samples ${where} GROUP BY 1, 2`;
}

/** The questions of the project's targets; where the site is smaller, of as many points and days as it has. */
export function casesOf(size: YearSize): YearCase[] {
  const { first, files, kept } = daysOf(size);
  const baseline = spreadIds(size.points, size.baselinePoints);
  const some = (count: number) =>
    spreadIds(baseline.length, Math.min(count, baseline.length)).map((i) => baseline[i - 1]!);
  const title = (ids: readonly number[], days: number, rest: string) =>
    `${ids.length} point${ids.length === 1 ? "" : "s"} x ${days} day${days === 1 ? "" : "s"} ${rest}`;
  const hotCase = (points: number, days: number, interval: "raw" | "5min"): YearCase => {
    const ids = some(points);
    const own = Math.min(days, size.openDays + size.keptDays);
    const asked = { ids, start: HOT_END - own * DAY_MS, end: HOT_END, interval };
    const samples = ids.length * own * SAMPLES_PER_DAY;
    const name = title(ids, own, `${interval}, ${own <= size.openDays ? "open" : "hot"}`);
    return { name, paths: [timeseries(asked)], samples, rowsSql: rowsSql(asked), cold: null };
  };
  const yearCase = (ids: readonly number[], interval: "1hr" | "1day", isOpen: boolean): YearCase => {
    const asked = { ids, start: first * DAY_MS, end: isOpen ? HOT_END + HALF_HOUR_MS : HOT_END, interval };
    const samples = ids.length * (size.days * SAMPLES_PER_DAY + (isOpen ? 30 : 0));
    const name = title(ids, size.days, `${interval}${isOpen ? ", with half an hour that is not rolled up yet" : ""}`);
    return { name, paths: [timeseries(asked)], samples, rowsSql: null, cold: null };
  };
  const coldCase = (ids: readonly number[], wanted: number, what: string): YearCase => {
    const days = Array.from(
      { length: Math.min(wanted, kept - files) },
      (_, i) => kept - Math.min(wanted, kept - files) + i,
    );
    const paths: string[] = [];
    for (let from = days[0]!; from < kept; from += RAW_DAYS) {
      const to = Math.min(kept, from + RAW_DAYS);
      paths.push(timeseries({ ids, start: from * DAY_MS, end: to * DAY_MS, interval: "raw" }));
    }
    const samples = ids.length * days.length * SAMPLES_PER_DAY;
    return {
      name: title(ids, days.length, `${what}${paths.length > 1 ? `, in ${paths.length} answers` : ""}`),
      paths,
      samples,
      rowsSql: null,
      cold: { ids, days },
    };
  };
  const neighbours = Array.from({ length: Math.min(10, size.points) }, (_, i) => 1 + i);
  return [
    {
      name: `latest of all ${size.points.toLocaleString("en")} points`,
      paths: [`/sites/${SITE_NAME}/latest`],
      samples: null,
      rowsSql: null,
      cold: null,
    },
    hotCase(1, 1, "raw"),
    hotCase(10, 7, "raw"),
    hotCase(10, 20, "5min"),
    hotCase(100, 1, "5min"),
    yearCase(SWINGING, "1hr", false),
    yearCase(SWINGING, "1day", false),
    yearCase(SWINGING, "1day", true),
    yearCase(some(50), "1day", false),
    coldCase(SWINGING, 30, "raw, cold"),
    coldCase(neighbours, 60, "raw, cold, of one device"),
    coldCase(some(10), 60, "raw, cold, all over the site"),
  ].filter(({ cold }) => cold === null || cold.days.length > 0);
}
