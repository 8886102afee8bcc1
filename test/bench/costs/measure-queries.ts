import type { MonthQueryName, QueryName } from "@building-vitals/local/costs/measured";
import type { CountedRun } from "@building-vitals/local/costs/terms";
import { z } from "zod";
import { type MeteredSite, SITE } from "./site.ts";

const DAY = 86_400_000;
/** CPU time has a resolution of 10 ms. */
const RUNS_FOR_CPU = 20;
/** Points asked for, days asked for. */
const FEW = 1;
const MANY = 10;
const ONE_DAY = 1;
const COLD_DAYS = 3;

const pointsSchema = z.object({ points: z.array(z.object({ name: z.string() })) });

/** Days that are asked for, whole days since 1970, half-open. */
export interface Days {
  readonly first: number;
  readonly end: number;
}

interface QueryTimes {
  /** the first of {@link COLD_DAYS} days that are in R2 */
  readonly coldFrom: number;
  /** epoch ms */
  readonly now: number;
}

/** Asks a site's queries. The points are all over the site, so that none shares a row group of a day file. */
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

  /** Asks each kind of query while no month is built. */
  async ofDays({ coldFrom, now }: QueryTimes): Promise<Record<QueryName, CountedRun[]>> {
    const { points } = this.#site.options;
    const young = [ONE_DAY / 2, ONE_DAY].map((days) => ({ start: now - days * DAY, days }));
    const cold = [ONE_DAY, COLD_DAYS].map((days) => ({ start: coldFrom * DAY, days }));
    const ofSite = async (path: string) => {
      const all: CountedRun[] = [];
      for (const range of cold) all.push(await this.#ask(points, range.days, path, rangeOf(range, "start")));
      return all;
    };
    const site = `/sites/${SITE}`;
    return {
      hotRaw: await this.#series("raw", young),
      coldRaw: await this.#series("raw", cold),
      daily: await this.#series("1day", cold),
      latest: [await this.#ask(points, 0, `${site}/latest`, {})],
      pointSearch: [await this.#ask(points, 0, `${site}/points`, { search: "temp", limit: "50" })],
      coverage: await ofSite(`${site}/coverage`),
      quality: await ofSite(`${site}/quality`),
    };
  }

  /** Asks for days that are all that a built month has, and for those of another. */
  async ofMonths(months: readonly Days[]): Promise<Record<MonthQueryName, CountedRun[]>> {
    const ranges = months.map(({ first, end }) => ({ start: first * DAY, days: end - first }));
    return { coldRaw: await this.#series("raw", ranges), daily: await this.#series("1day", ranges) };
  }

  async #series(interval: string, ranges: readonly AskedRange[]): Promise<CountedRun[]> {
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

interface AskedRange {
  /** epoch ms */
  readonly start: number;
  readonly days: number;
}

function rangeOf({ start, days }: AskedRange, prefix: string): Record<string, string> {
  return { [prefix]: String(start), [prefix.replace("start", "end")]: String(start + days * DAY) };
}
