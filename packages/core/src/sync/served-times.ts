import { HOUR_MS } from "../domain/hour.ts";
import type { NamedSamples } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { EndedWindow } from "./sync-state.ts";

/** Rows are counted in steps of this time, in ms. */
const STEP_MS = 300_000;

/** Samples this much newer than those of half of the points are on time, in ms. */
const SPREAD_MS = HOUR_MS;

/**
 * The largest share of a window's records that may be requested again and again because half of the points are late.
 */
const REPEATED_SHARE = 0.1;

/** How far the samples of one window reach, and whether the whole site is late. */
export class ServedTimes {
  readonly #before: number;
  /** newest sample of each point that has one after `before`, by name, epoch ms */
  readonly #newest = new Map<string, number>();
  /** number of rows after `before`, by step of {@link STEP_MS} */
  readonly #rows = new Map<number, number>();
  #records = 0;
  #rejected = 0;
  #newestOfAll: number | null = null;

  /** @param before time up to which earlier windows were served, epoch ms */
  constructor(before: number) {
    this.#before = before;
  }

  /**
   * @param records of the page, rejected ones too
   * @param isCollected by point name; samples of other points do not count
   */
  add(
    { names, nameIndex, times, length }: NamedSamples,
    records: number,
    isCollected: (name: string) => boolean,
  ): void {
    const before = this.#before;
    this.#records += records;
    this.#rejected += records - length;
    const newest = new Float64Array(names.length).fill(before);
    const collected = names.map(isCollected);
    for (let i = 0; i < length; i++) {
      if (!collected[nameIndex[i]!]!) continue;
      const time = times[i]!;
      if (this.#newestOfAll === null || time > this.#newestOfAll) this.#newestOfAll = time;
      if (time <= before) continue;
      const point = nameIndex[i]!;
      if (time > newest[point]!) newest[point] = time;
      const step = Math.floor(time / STEP_MS);
      this.#rows.set(step, (this.#rows.get(step) ?? 0) + 1);
    }
    for (const [i, name] of names.entries()) {
      const time = newest[i]!;
      if (time > before && time > (this.#newest.get(name) ?? before)) this.#newest.set(name, time);
    }
  }

  /** @param range of the window, after its last page was added */
  ended(range: TimeRange): EndedWindow {
    return { range, servedTo: Math.max(this.#before, this.#servedTo(range)), newest: this.#newestOfAll };
  }

  /**
   * The newest time reached by half of the points with new samples: silent points do not hold it back. Returns the
   * window's end if the whole site is not late. That is so if more than a tenth of the records are newer or unreadable:
   * waiting for the rest would request all of them again in every sync.
   */
  #servedTo(range: TimeRange): number {
    const most = this.#records * REPEATED_SHARE;
    if (this.#rejected > most) return range.end;
    if (this.#newest.size === 0) return this.#before;
    const times = Float64Array.from(this.#newest.values()).sort();
    const half = times[times.length >> 1]!;
    let newer = 0;
    for (const [step, rows] of this.#rows) if (step * STEP_MS > half + SPREAD_MS) newer += rows;
    return newer > most ? range.end : half;
  }
}
