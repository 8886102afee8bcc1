import { DAY, HOUR, numberOf } from "./plant.ts";
import { sampleKey, valueText } from "./storage.ts";
import type { ServedPage } from "./upstream.ts";
import type { Process } from "./world.ts";

/**
 * The values that builds of days were served. A build is named by its Workflow instance, and may outlive many
 * processes.
 */
export class BuildBooks {
  /** values by build and sample */
  readonly #served = new Map<string, Set<string>>();
  /** time of the build's first request for an hour, by build, site and start of the hour; our clock, epoch ms */
  readonly #asked = new Map<string, number>();
  /** process of the first request for a day, by build, site and day */
  readonly #starts = new Map<string, Process>();

  notePage(build: string, page: ServedPage, to: Process): void {
    for (const { sample, text } of page.rows) {
      const value = numberOf(text);
      if (value === null) continue;
      const key = `${build} ${sampleKey(sample.point.name, sample.time)}`;
      const values = this.#served.get(key) ?? new Set();
      this.#served.set(key, values.add(valueText(value)));
    }
    // The request for an hour begins a millisecond before it.
    const time = page.start + 1;
    const ofDay = `${build} ${page.site} ${Math.floor(time / DAY)}`;
    if (!this.#starts.has(ofDay)) this.#starts.set(ofDay, to);
    const ofHour = `${build} ${page.site} ${Math.floor(time / HOUR)}`;
    this.#asked.set(ofHour, Math.min(this.#asked.get(ofHour) ?? page.asked, page.asked));
  }

  /** Values of a sample that a build was served, in that order. */
  served(build: string, key: string): ReadonlySet<string> {
    return this.#served.get(`${build} ${key}`) ?? new Set();
  }

  /** Time of the build's first request for the hour that contains `time`, epoch ms. */
  askedAt(build: string, site: string, time: number): number {
    return this.#asked.get(`${build} ${site} ${Math.floor(time / HOUR)}`) ?? 0;
  }

  /** The process that first requested a day; undefined without a request. */
  startOf(build: string, site: string, day: number): Process | undefined {
    return this.#starts.get(`${build} ${site} ${day}`);
  }
}

/** The build of a Workflow instance's process; null for another process. */
export function buildOf({ name }: Process): string | null {
  return /^(?:backfill_|settle-)/.test(name) ? (name.split("#")[0] ?? null) : null;
}
