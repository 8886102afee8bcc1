import type { PageEnd } from "./cursor.ts";
import { numericTime, parseTime, sameMicrosecond } from "./time.ts";

/**
 * Parses the times of a page's rows in order. Caches the last parsed time, because all rows of a scrape share a
 * timestamp. Counts the rows at the page's last time, which paging needs.
 */
export class TimeRun implements PageEnd {
  #text = "";
  #ms = Number.NaN;
  #runText: string | null = null;
  #runMs = Number.NaN;
  #runRows = 0;

  /** Parses a row's time, text or number, to epoch milliseconds; NaN if it is not a time. */
  next(time: unknown): number {
    if (typeof time === "string") {
      if (time !== this.#text) this.#begin(time);
      else if (time === this.#runText) this.#runRows++;
      return this.#ms;
    }
    if (typeof time !== "number") return Number.NaN;
    // the upstream's cursors hold texts, so no cursor matches a numeric time
    this.#runText = null;
    this.#text = "";
    this.#ms = Number.NaN;
    return numericTime(time);
  }

  /** An unreadable time does not end the run: one row too few causes a duplicate, one too many would lose a sample. */
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
