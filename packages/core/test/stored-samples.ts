import type { ScrapeSource } from "@building-vitals/ace-simulator/scrape-source";
import { sourceRows } from "@building-vitals/ace-simulator/source-rows";
import { loadCatalog } from "../src/catalog/catalog.ts";
import type { TimeRange } from "../src/domain/time-range.ts";
import { storedPointName, weatherFieldOf } from "../src/domain/weather.ts";
import { readSeries } from "../src/store/read-segments.ts";

/** Sorted lines `point time value`, equal exactly if the samples are equal bit for bit. */
export type SampleLines = readonly string[];

const line = (name: string, time: number, value: number) => `${name} ${time} ${Object.is(value, -0) ? "-0" : value}`;

/** The stored samples of a site's points. */
export async function storedSamples(db: D1Database, siteId: number, range: TimeRange): Promise<SampleLines> {
  return stored(db, siteId, range, () => true);
}

/** The stored weather of a site. */
export async function storedWeather(db: D1Database, siteId: number, range: TimeRange): Promise<SampleLines> {
  return stored(db, siteId, range, (name) => name.startsWith("weather."));
}

async function stored(db: D1Database, siteId: number, range: TimeRange, wanted: (name: string) => boolean) {
  const names = new Map([...(await loadCatalog(db, siteId)).values()].map((point) => [point.id, point.name]));
  const ids = [...names].filter(([, name]) => wanted(name)).map(([id]) => id);
  const lines: string[] = [];
  for (const [id, { times, values }] of await readSeries(db, siteId, ids, range)) {
    times.forEach((time, i) => lines.push(line(names.get(id)!, time, values[i]!)));
  }
  return lines.sort();
}

const WORDS = new Map([
  ["active", 1],
  ["true", 1],
  ["inactive", 0],
  ["false", 0],
]);

/**
 * The samples that a complete sync of the range must have stored: the upstream's configured points and weather, under
 * their stored names. The weather feed's readings are included, which are the last samples of its points.
 */
export function sourceSamples(source: ScrapeSource, range: TimeRange): SampleLines {
  const storedName = (name: string) => storedPointName(source.site.name, name);
  const isCollected = ({ name, collect_enabled: isEnabled }: (typeof source.points)[number]) =>
    isEnabled || weatherFieldOf(storedName(name)) !== null;
  const configured = new Set(source.points.filter(isCollected).map((point) => point.name));
  return sourceRows(source, range.start, range.end)
    .filter((row) => configured.has(row.name))
    .map((row) =>
      line(storedName(row.name), Date.parse(`${row.time}Z`), WORDS.get(row.value ?? "") ?? Number(row.value)),
    )
    .sort();
}

/** The first samples that only one side has, for a readable message. */
export function differences(expected: SampleLines, actual: SampleLines): string[] {
  const [left, right] = [new Set(expected), new Set(actual)];
  const missing = expected.filter((sample) => !right.has(sample)).map((sample) => `missing ${sample}`);
  const invented = actual.filter((sample) => !left.has(sample)).map((sample) => `invented ${sample}`);
  return [...missing.slice(0, 5), ...invented.slice(0, 5)];
}
