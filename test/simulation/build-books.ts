import { DAY, HOUR, numberOf } from "./plant.ts";
import { sampleKey, valueText } from "./storage.ts";
import type { ServedPage } from "./upstream.ts";
import type { Process } from "./world.ts";

/** What the builds of days were served. A build is named by its Workflow instance, and may outlive many processes. */
export class BuildBooks {
  /** values by build and sample */
  readonly #served = new Map<string, Set<string>>();
  /** when it first asked for an hour, by build, site and start of the hour; by our clock, epoch ms */
  readonly #asked = new Map<string, number>();
  /** by build, site and day, the process that first asked for the day */
  readonly #starts = new Map<string, Process>();

  notePage(build: string, page: ServedPage, to: Process): void {
    for (const { sample, text } of page.rows) {
      const value = numberOf(text);
      if (value === null) continue;
      const key = `${build} ${sampleKey(sample.point.name, sample.time)}`;
      const values = this.#served.get(key) ?? new Set();
      this.#served.set(key, values.add(valueText(value)));
    }
    // the hour asked for reaches a millisecond beyond
    const time = page.start + 1;
    const ofDay = `${build} ${page.site} ${Math.floor(time / DAY)}`;
    if (!this.#starts.has(ofDay)) this.#starts.set(ofDay, to);
    const ofHour = `${build} ${page.site} ${Math.floor(time / HOUR)}`;
    this.#asked.set(ofHour, Math.min(this.#asked.get(ofHour) ?? page.asked, page.asked));
  }

  /** Values of a sample that a build was served, in their order. */
  served(build: string, key: string): ReadonlySet<string> {
    return this.#served.get(`${build} ${key}`) ?? new Set();
  }

  /** When it first asked for the hour of a time, epoch ms. */
  askedAt(build: string, site: string, time: number): number {
    return this.#asked.get(`${build} ${site} ${Math.floor(time / HOUR)}`) ?? 0;
  }

  /** The process that first asked for a day; undefined: none did. */
  startOf(build: string, site: string, day: number): Process | undefined {
    return this.#starts.get(`${build} ${site} ${day}`);
  }
}

/** The build of a Workflow instance's process; null: no build. */
export function buildOf({ name }: Process): string | null {
  return /^(?:backfill_|settle-)/.test(name) ? (name.split("#")[0] ?? null) : null;
}
