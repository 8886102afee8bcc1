import { DAY_MS } from "@building-vitals/core/domain/day";
import type { TimeRange } from "@building-vitals/core/domain/time-range";
import { offsetSegments } from "@building-vitals/core/query/buckets";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

const digits = (value: number, length: number) => String(value).padStart(length, "0");
const MINUTES = Array.from({ length: 1440 }, (_, i) => `${digits(Math.floor(i / 60), 2)}:${digits(i % 60, 2)}:`);
const SECONDS = Array.from({ length: 60 }, (_, i) => `${digits(i, 2)}.`);
const MILLISECONDS = Array.from({ length: 1000 }, (_, i) => digits(i, 3));

/** Writes dates and times of day as `2025-10-12T14:00:00.000`. Keeps the date's text, because neighbours share it. */
class ClockText {
  #day = Number.NaN;
  #date = "";

  /** @param local milliseconds of the clock, encoded as if they were UTC */
  of(local: number): string {
    const day = Math.floor(local / DAY_MS);
    if (day !== this.#day) {
      this.#day = day;
      const text = new Date(local).toISOString();
      this.#date = text.slice(0, text.indexOf("T") + 1);
    }
    const ofDay = local - day * DAY_MS;
    const minute = Math.floor(ofDay / MINUTE_MS);
    const ofMinute = ofDay - minute * MINUTE_MS;
    const second = Math.floor(ofMinute / SECOND_MS);
    return this.#date + MINUTES[minute]! + SECONDS[second]! + MILLISECONDS[ofMinute - second * SECOND_MS]!;
  }
}

/** Returns a function that writes epoch milliseconds in ISO 8601 UTC, as `Date.toISOString` does, in a third of its time. */
export function utcTexts(): (time: number) => string {
  const clock = new ClockText();
  return (time) => `${clock.of(time)}Z`;
}

/**
 * Returns a function that writes epoch milliseconds in ISO 8601 by a zone's clock, with its offset. It is fast for
 * times in ascending order.
 * @param range holds all times
 */
export function localTexts(range: TimeRange, timeZone: string): (time: number) => string {
  const clock = new ClockText();
  const segments = offsetSegments(range, timeZone).map((one) => ({ ...one, suffix: offsetText(one.offset) }));
  let at = 0;
  return (time) => {
    while (at > 0 && time < segments[at]!.start) at--;
    while (at < segments.length - 1 && time >= segments[at]!.end) at++;
    const { offset, suffix } = segments[at]!;
    return clock.of(time + offset) + suffix;
  };
}

/** `-05:00`. Offsets of before 1972 may have seconds, which no stored sample needs. */
function offsetText(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / MINUTE_MS);
  return `${offset < 0 ? "-" : "+"}${digits(Math.floor(minutes / 60), 2)}:${digits(minutes % 60, 2)}`;
}
