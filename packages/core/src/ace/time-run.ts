import type { PageEnd } from "./cursor.ts";
import { numericTime, parseTime, sameMicrosecond } from "./time.ts";

/**
 * Reads the times of a page's rows, one after the other. A whole scrape shares one timestamp, so the last one parsed is
 * remembered; and the run of rows with the same time that is under way when the page ends is what paging needs to know.
 */
export class TimeRun implements PageEnd {
  #text = "";
  #ms = Number.NaN;
  #runText: string | null = null;
  #runMs = Number.NaN;
  #runRows = 0;

  /** Epoch milliseconds of a row's time, text or number; NaN for what is no time. */
  next(time: unknown): number {
    if (typeof time === "string") {
      if (time !== this.#text) this.#begin(time);
      else if (time === this.#runText) this.#runRows++;
      return this.#ms;
    }
    if (typeof time !== "number") return Number.NaN;
    // the upstream's cursors hold texts: a page with numbers has nothing to compare them with
    this.#runText = null;
    this.#text = "";
    this.#ms = Number.NaN;
    return numericTime(time);
  }

  /** An unreadable time ends no run: counting a row too few costs a duplicate, one too many would cost a sample. */
  #begin(text: string): void {
    const ms = parseTime(text);
    this.#text = text;
    this.#ms = ms;
    if (Number.isNaN(ms)) return;
    const same = ms === this.#runMs && this.#runText !== null && sameMicrosecond(text, this.#runText);
    this.#runRows = same ? this.#runRows + 1 : 1;
    this.#runText = text;
    this.#runMs = ms;
  }

  get lastTime(): string | null {
    return this.#runText;
  }

  /** {@link lastTime} in epoch milliseconds */
  get lastMs(): number | null {
    return this.#runText === null ? null : this.#runMs;
  }

  get rowsAtLastTime(): number {
    return this.#runText === null ? 0 : this.#runRows;
  }
}
