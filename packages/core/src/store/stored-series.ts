import { type MergedSeries, mergeSeries } from "../domain/merge-series.ts";
import type { Series } from "../domain/samples.ts";

/**
 * One point's samples from segments. Of several at one millisecond it has the one requested last, then the one stored
 * last.
 */
export interface StoredSeries extends Series {
  /** when the request of each sample was sent, epoch ms; 0: it did not come from the API */
  readonly asked: Float64Array;
}

export const NO_STORED_SERIES: StoredSeries = {
  times: new Float64Array(0),
  values: new Float64Array(0),
  asked: new Float64Array(0),
};

/**
 * Merges a point's samples of day files and segments. Of two at one millisecond the segment's wins only if it was
 * requested later.
 * @param askedAt when the file's sample of a time was requested, epoch ms
 */
export function mergeStored(file: Series, stored: StoredSeries, askedAt: (time: number) => number): MergedSeries {
  return mergeSeries(file, stored, (i) => stored.asked[i]! > askedAt(stored.times[i]!));
}

/** Joins the parts of one point, which are added in the order of their stamps. */
export class SeriesBuilder {
  readonly #times: number[] = [];
  readonly #values: number[] = [];
  readonly #asked: number[] = [];
  #isAscending = true;

  /** @param time epoch ms */
  add(time: number, value: number, asked: number): void {
    if (this.#isAscending && this.#times.length > 0 && time <= this.#times.at(-1)!) this.#isAscending = false;
    this.#times.push(time);
    this.#values.push(value);
    this.#asked.push(asked);
  }

  finish(): StoredSeries {
    const [times, values, asked] = [this.#times, this.#values, this.#asked];
    if (this.#isAscending) {
      return { times: Float64Array.from(times), values: Float64Array.from(values), asked: Float64Array.from(asked) };
    }
    // The sort is stable, so of equal ones the later stamp comes last.
    const order = times.map((_, i) => i).sort((a, b) => times[a]! - times[b]! || asked[a]! - asked[b]!);
    const kept = order.filter((i, at) => times[i] !== times[order[at + 1]!]);
    return {
      times: Float64Array.from(kept, (i) => times[i]!),
      values: Float64Array.from(kept, (i) => values[i]!),
      asked: Float64Array.from(kept, (i) => asked[i]!),
    };
  }
}
