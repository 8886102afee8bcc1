import type { QueryName } from "@building-vitals/local/costs/measured";
import type { CountedRun } from "@building-vitals/local/costs/terms";
import { z } from "zod";
import { type MeteredSite, SITE } from "./site.ts";

const DAY = 86_400_000;
/** Runs of a query: CPU time has a resolution of 10 ms. */
const RUNS_FOR_CPU = 20;
/** Points of a query. */
const FEW = 1;
const MANY = 10;
/** Days of a query. */
const ONE_DAY = 1;
const COLD_DAYS = 3;

const pointsSchema = z.object({ points: z.array(z.object({ name: z.string() })) });

/** Whole days since 1970, half-open. */
export interface Days {
  readonly first: number;
  readonly end: number;
}

interface QueryTimes {
  /** the first of {@link COLD_DAYS} days in R2 */
  readonly coldFrom: number;
  /** epoch ms */
  readonly now: number;
}

/** Queries of months, and all others. */
type MonthQueryName = "monthRaw" | "daily";
export type QueryRuns<N extends QueryName = QueryName> = Record<N, CountedRun[]>;

/** Runs a site's queries. The points are spread over the site, so that no two share a row group of a day file. */
export class QueryMeter {
  readonly #site: MeteredSite;
  readonly #names: readonly string[];

  private constructor(site: MeteredSite, names: readonly string[]) {
    this.#site = site;
    this.#names = names;
  }

  static async of(site: MeteredSite): Promise<QueryMeter> {
    const list = pointsSchema.parse(await site.ask(`/query/sites/${SITE}/points?limit=1000`)).points;
    const names = Array.from({ length: MANY }, (_, i) => list[Math.floor((i * list.length) / MANY)]?.name ?? "");
    return new QueryMeter(site, names);
  }

  /** Runs each kind of query that reads no month; no month is built yet. */
  async ofDays({ coldFrom, now }: QueryTimes): Promise<QueryRuns<Exclude<QueryName, MonthQueryName>>> {
    const { points } = this.#site.options;
    const hot = [ONE_DAY / 2, ONE_DAY].map((days) => ({ start: now - days * DAY, days }));
    const cold = [ONE_DAY, COLD_DAYS].map((days) => ({ start: coldFrom * DAY, days }));
    const ofSite = async (path: string) => {
      const all: CountedRun[] = [];
      for (const range of cold) all.push(await this.#ask(points, range.days, path, rangeOf(range, "start")));
      return all;
    };
    const site = `/sites/${SITE}`;
    return {
      hotRaw: await this.#series("raw", hot),
      coldRaw: await this.#series("raw", cold),
      latest: [await this.#ask(points, 0, `${site}/latest`, {})],
      pointSearch: [await this.#ask(points, 0, `${site}/points`, { search: "temp", limit: "50" })],
      coverage: await ofSite(`${site}/coverage`),
      quality: await ofSite(`${site}/quality`),
    };
  }

  /** Runs the queries of months over all days of each built month. */
  async ofMonths(months: readonly Days[]): Promise<QueryRuns<MonthQueryName>> {
    const ranges = months.map(({ first, end }) => ({ start: first * DAY, days: end - first }));
    return { monthRaw: await this.#series("raw", ranges), daily: await this.#series("1day", ranges) };
  }

  async #series(interval: string, ranges: readonly QueryRange[]): Promise<CountedRun[]> {
    const all: CountedRun[] = [];
    for (const points of [FEW, MANY]) {
      for (const range of ranges) {
        const point_names = this.#names.slice(0, points).join(",");
        const query = { site_name: SITE, point_names, interval, ...rangeOf(range, "start_time") };
        all.push(await this.#ask(points, range.days, "/timeseries/query", query));
      }
    }
    return all;
  }

  async #ask(points: number, days: number, path: string, query: Record<string, string>): Promise<CountedRun> {
    const search = new URLSearchParams(query).toString();
    const once = () => this.#site.ask(`/query${path}?${search}`);
    const runs = this.#site.options.cpu ? RUNS_FOR_CPU : 1;
    return { points, days, counts: await this.#site.measure(1, once, runs) };
  }
}

interface QueryRange {
  /** epoch ms */
  readonly start: number;
  readonly days: number;
}

function rangeOf({ start, days }: QueryRange, prefix: string): Record<string, string> {
  return { [prefix]: String(start), [prefix.replace("start", "end")]: String(start + days * DAY) };
}
