import { DAY_MS } from "@building-vitals/core/domain/day";
import { WorkerRefused } from "../worker-client.ts";
import { DayFileCache } from "./day-file-cache.ts";
import { type DeployedDay, type ListedPoint, type QueryClient, samplesSearch } from "./query-client.ts";
import type { Report } from "./report.ts";
import type { SeriesSamples, SampleSource, PointRow } from "./sample-source.ts";

/** Points per request. */
const MAX_NAMES = 100;
/** Characters of the query string: Cloudflare accepts 16 KB of address, host and headers. */
const MAX_SEARCH = 12_000;

/** Refusals that a smaller request may avoid. */
const TOO_LARGE: ReadonlySet<string | null> = new Set(["too_much_data", "query_timeout"]);

/** UTC days, both included. */
export interface DateRange {
  readonly from: string;
  readonly to: string;
}

/** A site when the deployment was opened. */
interface Site {
  readonly name: string;
  readonly points: readonly ListedPoint[];
  readonly days: readonly DeployedDay[];
}

/**
 * Days of a deployment, read through its query Worker. A day without hot samples is read from its day file. For all
 * other days the Worker is asked for both levels.
 */
export class DeployedState implements SampleSource {
  readonly #client: QueryClient;
  readonly #cache: DayFileCache;
  readonly #sites: readonly Site[];
  readonly #range: DateRange;
  readonly #report: Report;
  /** sites with days that are already reported as partial */
  readonly #partial = new Set<string>();

  private constructor(
    client: QueryClient,
    cache: DayFileCache,
    sites: readonly Site[],
    range: DateRange,
    report: Report,
  ) {
    this.#client = client;
    this.#cache = cache;
    this.#sites = sites;
    this.#range = range;
    this.#report = report;
  }

  /**
   * Reads the sites, their points and their days.
   * @param url without a trailing slash @param names of sites; null: all @param cacheFolder for day files
   * @throws Error for an unknown site; {WorkerRefused} {WorkerUnreachable}
   */
  static async open(
    client: QueryClient,
    {
      url,
      names,
      range,
      cacheFolder,
    }: { url: string; names: readonly string[] | null; range: DateRange; cacheFolder: string },
    report: Report,
  ): Promise<DeployedState> {
    const all = await client.sites();
    const unknown = names?.find((name) => !all.includes(name));
    if (unknown !== undefined) {
      throw new Error(`The deployment has no site ${JSON.stringify(unknown)}. Its sites: ${all.join(", ")}.`);
    }
    const end = new Date(Date.parse(range.to) + DAY_MS).toISOString().slice(0, 10);
    const sites: Site[] = [];
    for (const name of names ?? all) {
      report.progress(`${name}: reading its points and days`);
      sites.push({ name, points: await client.points(name), days: await client.days(name, range.from, end) });
    }
    return new DeployedState(client, new DayFileCache(cacheFolder, url, client), sites, range, report);
  }

  *points(): Generator<PointRow> {
    const epoch = (time: string | null) => (time === null ? null : Date.parse(time));
    for (const site of this.#sites) {
      for (const { name, tags, first_seen, last_seen, unit, label, configured, interval_s } of site.points) {
        yield {
          site_name: site.name,
          point_name: name,
          unit,
          label,
          tags: JSON.stringify(tags),
          source: null,
          configured,
          interval_s,
          first_seen: epoch(first_seen),
          last_seen: epoch(last_seen),
        };
      }
    }
  }

  async *hotSamples(): AsyncGenerator<SeriesSamples> {
    let samples = 0;
    let days = 0;
    for (const site of this.#sites) {
      const open = site.days.filter((day) => day.hot.hours > 0);
      days += open.length;
      // A point without samples since the first day needs no request.
      const names = site.points.flatMap(({ name, last_seen: last }) =>
        last !== null && Date.parse(last) >= Date.parse(this.#range.from) ? [name] : [],
      );
      const groups = namesByRequest(site.name, names);
      for (const { date } of open) {
        const start = Date.parse(date);
        for (const [i, group] of groups.entries()) {
          this.#report.progress(`${site.name} ${date}: asking for points, ${i + 1} of ${groups.length} requests`);
          for await (const series of this.#ask(site.name, date, group, start, start + DAY_MS)) {
            samples += series.times.length;
            yield series;
          }
        }
      }
    }
    this.#report.note(`Days with hot samples: ${days}; the query Worker gave ${samples} samples of them.`);
  }

  async *#ask(
    site: string,
    date: string,
    names: readonly string[],
    start: number,
    end: number,
  ): AsyncGenerator<SeriesSamples> {
    let answer;
    try {
      answer = await this.#client.samples(site, names, start, end);
    } catch (error) {
      if (!(error instanceof WorkerRefused)) throw error;
      // Deleted after the points were listed.
      if (error.code === "unknown_point") return;
      const isSmallest = names.length === 1 && end - start <= 1;
      if (!TOO_LARGE.has(error.code) || isSmallest) throw error;
      const [half, middle] = [Math.ceil(names.length / 2), Math.ceil((start + end) / 2)];
      if (names.length > 1) {
        yield* this.#ask(site, date, names.slice(0, half), start, end);
        yield* this.#ask(site, date, names.slice(half), start, end);
      } else {
        yield* this.#ask(site, date, names, start, middle);
        yield* this.#ask(site, date, names, middle, end);
      }
      return;
    }
    if (answer.metadata.partial && !this.#partial.has(`${site} ${date}`)) {
      this.#partial.add(`${site} ${date}`);
      this.#report.note(`${site} ${date}: the answer is partial. Archived samples of this day could not be read.`);
    }
    for (const { point_name: point, timestamps: times, values } of answer.series) {
      // the file of such a day is not read, so every sample counts
      yield { site, point, times, values, replaces: times.map(() => true) };
    }
  }

  async dayFiles(): Promise<string[]> {
    const paths: string[] = [];
    let [fetched, bytes] = [0, 0];
    for (const { name, days } of this.#sites) {
      for (const { date, hot, cold } of days) {
        if (cold.state === "suspect") this.#leftOut(name, date, `its day file is suspect (${cold.reason})`);
        if (cold.file === null || hot.hours > 0) continue;
        this.#report.progress(`${name} ${date}: reading its day file`);
        try {
          const file = await this.#cache.file(name, date, cold.file);
          paths.push(file.path);
          bytes += file.bytes;
          if (file.bytes > 0) fetched++;
        } catch (error) {
          const isGone = error instanceof WorkerRefused && ["suspect_day", "not_found"].includes(error.code ?? "");
          if (!isGone) throw error;
          this.#leftOut(name, date, "its day file was damaged or deleted during this run");
        }
      }
    }
    const megabytes = (bytes / 1_000_000).toFixed(1);
    this.#report.note(`Day files: ${paths.length}, ${fetched} of them fetched now (${megabytes} MB).`);
    return paths;
  }

  #leftOut(site: string, date: string, reason: string): void {
    this.#report.note(`${site} ${date}: ${reason}. Its settled samples are left out.`);
  }

  close(): void {}
}

/** Groups of names, one per request. */
function namesByRequest(site: string, names: readonly string[]): string[][] {
  const groups: string[][] = [];
  let group: string[] = [];
  for (const name of names) {
    const grown = [...group, name];
    const isFull = grown.length > MAX_NAMES || samplesSearch(site, grown, 0, 0).length > MAX_SEARCH;
    if (isFull && group.length > 0) {
      groups.push(group);
      group = [name];
    } else group = grown;
  }
  return group.length === 0 ? groups : [...groups, group];
}
