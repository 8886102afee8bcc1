import type { ScrapeSource } from "@building-vitals/ace-simulator/scrape-source";
import { sourceRows } from "@building-vitals/ace-simulator/source-rows";

/** Samples as lines of point, time and value, sorted. */
export type Expected = string[];

/** The upstream's samples of a site's collected points in a range, without weather. */
export function expectedOf(source: ScrapeSource, start: number, end: number): Expected {
  return sourceRows(source, start, end)
    .map(({ name, time, value }) => `${name} ${Date.parse(`${time?.slice(0, 23)}Z`)} ${Number(value)}`)
    .sort();
}
