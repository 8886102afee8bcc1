const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Ranges up to now, by their name in the address; days of 24 hours, so their length is constant at a change of the
 * clock.
 */
export const LAST_RANGES = [
  { id: "1h", label: "1 h", title: "Last hour", ms: HOUR },
  { id: "6h", label: "6 h", title: "Last 6 hours", ms: 6 * HOUR },
  { id: "24h", label: "24 h", title: "Last 24 hours", ms: DAY },
  { id: "7d", label: "7 d", title: "Last 7 days", ms: 7 * DAY },
  { id: "30d", label: "30 d", title: "Last 30 days", ms: 30 * DAY },
  { id: "90d", label: "90 d", title: "Last 90 days", ms: 90 * DAY },
  { id: "1y", label: "1 y", title: "Last year", ms: 365 * DAY },
] as const;
type LastRange = (typeof LAST_RANGES)[number]["id"];

/** [start, end) in epoch ms. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The shown range: a length up to now, or a fixed span. */
export type Range = { readonly last: LastRange } | Span;

/** The API's longest range. */
const LONGEST_MS = 1830 * DAY;
/** A span below the distance of samples shows nothing. */
const SHORTEST_MS = 10_000;

/** The span of a range. @param now epoch ms; a range up to now ends with this minute, so that an answer can be shared */
export function spanOf(range: Range, now: number): Span {
  if ("start" in range) return range;
  const end = Math.ceil(now / 60_000) * 60_000;
  const found = LAST_RANGES.find(({ id }) => id === range.last);
  if (found === undefined) throw new Error(`no such range: ${range.last}`);
  return { start: end - found.ms, end };
}

/** A span of whole milliseconds, within the limits, around the same middle. */
export function clampSpan({ start, end }: Span): Span {
  const length = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, end - start));
  const middle = (start + end) / 2;
  return { start: Math.round(middle - length / 2), end: Math.round(middle + length / 2) };
}

/** @param by 0.5: half as long @param at the fixed position, 0 to 1 of the span */
export function zoomed({ start, end }: Span, by: number, at = 0.5): Span {
  const fixed = start + (end - start) * at;
  return clampSpan({ start: fixed - (fixed - start) * by, end: fixed + (end - fixed) * by });
}

/** A span of the same length with a time near its end. */
export function endingAt({ start, end }: Span, time: number): Span {
  const last = Math.round(time + (end - start) * 0.05);
  return { start: last - (end - start), end: last };
}

/** @param by 0.25: later by a quarter of its length */
export function panned({ start, end }: Span, by: number): Span {
  const ms = Math.round((end - start) * by);
  return { start: start + ms, end: end + ms };
}
