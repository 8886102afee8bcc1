import type { NamedSamples } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { EndedWindow } from "./sync-state.ts";

/** Rows are counted by this much of their time, in milliseconds. */
const STEP_MS = 300_000;

/** Samples so much newer than those of half of the points are no part of what comes late, in milliseconds. */
const SPREAD_MS = 3_600_000;

/** Of a window's records: the largest share that may be asked for again and again, because half of the points are late. */
const REPEATED_SHARE = 0.1;

/** How far the samples of one window reach, and whether the site as a whole is late. */
export class ServedTimes {
  readonly #before: number;
  /** newest sample of each point that has one after `before`, by name, epoch ms */
  readonly #newest = new Map<string, number>();
  /** rows after `before`, by step of {@link STEP_MS} */
  readonly #rows = new Map<number, number>();
  #records = 0;
  #rejected = 0;
  #newestOfAll: number | null = null;

  /** @param before how far earlier windows served, epoch ms */
  constructor(before: number) {
    this.#before = before;
  }

  /**
   * @param records of the page, rejected ones too
   * @param isCollected of a point's name; samples of other points say nothing of what is stored
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
   * The newest time that half of the points reached which brought something new: points that fell silent do not hold it back.
   * The window's end, where the site as a whole is not late: then more than a tenth of its records are newer, or cannot be
   * read, and to wait for the rest would ask for all of these again in every sync.
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
