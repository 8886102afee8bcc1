import type { QueryName } from "@building-vitals/local/costs/measured";
import type { Measurement } from "@building-vitals/local/costs/terms";
import { z } from "zod";
import { type MeteredSite, SITE } from "./site.ts";

const DAY = 86_400_000;
/** CPU is told in ticks of 10 ms. */
const RUNS_FOR_CPU = 20;
/** Points asked for, days asked for. */
const FEW = 1;
const MANY = 10;
const ONE_DAY = 1;
const COLD_DAYS = 3;

const pointsSchema = z.object({ points: z.array(z.object({ name: z.string() })) });

interface QueryTimes {
  /** start of the first of {@link COLD_DAYS} days that are in R2 */
  readonly coldFrom: number;
  readonly now: number;
  readonly cpu: boolean;
}

/** Asks each kind of query. The points are all over the site, so that none shares a row group of a day file. */
export async function measureQueries(
  site: MeteredSite,
  { coldFrom, now, cpu }: QueryTimes,
): Promise<Record<QueryName, Measurement[]>> {
  const { points } = site.options;
  const list = pointsSchema.parse(await site.ask(`/query/sites/${SITE}/points?limit=1000`)).points;
  const names = Array.from({ length: MANY }, (_, i) => list[Math.floor((i * list.length) / MANY)]?.name ?? "");
  const ask = async (asked: number, days: number, path: string, query: Record<string, string>) => {
    const search = new URLSearchParams(query).toString();
    const once = () => site.ask(`/query${path}?${search}`);
    return { points: asked, days, counts: await site.measure(1, once, cpu ? RUNS_FOR_CPU : 1) };
  };
  const range = (start: number, days: number, prefix: "start" | "start_time") => ({
    [prefix]: String(start),
    [prefix.replace("start", "end")]: String(start + days * DAY),
  });
  const series = async (interval: string, days: readonly number[], startOf: (days: number) => number) => {
    const all: Measurement[] = [];
    for (const asked of [FEW, MANY]) {
      for (const of of days) {
        const point_names = names.slice(0, asked).join(",");
        const query = { site_name: SITE, point_names, interval, ...range(startOf(of), of, "start_time") };
        all.push(await ask(asked, of, "/timeseries/query", query));
      }
    }
    return all;
  };
  const ofSite = async (path: string, days: readonly number[]) => {
    const all: Measurement[] = [];
    for (const of of days) all.push(await ask(points, of, `/sites/${SITE}/${path}`, range(coldFrom, of, "start")));
    return all;
  };
  return {
    hotRaw: await series("raw", [ONE_DAY / 2, ONE_DAY], (days) => now - days * DAY),
    coldRaw: await series("raw", [ONE_DAY, COLD_DAYS], () => coldFrom),
    daily: await series("1day", [ONE_DAY, COLD_DAYS], () => coldFrom),
    latest: [await ask(points, 0, `/sites/${SITE}/latest`, {})],
    pointSearch: [await ask(points, 0, `/sites/${SITE}/points`, { search: "temp", limit: "50" })],
    coverage: await ofSite("coverage", [ONE_DAY, COLD_DAYS]),
    quality: await ofSite("quality", [ONE_DAY, COLD_DAYS]),
  };
}
