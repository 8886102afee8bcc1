import type { AceError } from "./ace-error.ts";

/** Statuses about the key, the time or a limit, which any request may get. */
const NOT_OF_THE_REQUEST: ReadonlySet<number> = new Set([401, 403, 408, 429]);

/** Whether a page with fewer rows may succeed where this one failed. */
export function blamesSize({ kind, status = 0 }: AceError): boolean {
  if (kind === "http") return status >= 500 || status === 408 || status === 413;
  return kind === "timeout" || kind === "broken_body" || kind === "body_too_large";
}

/**
 * Whether a page without a cursor may succeed where this one, with a cursor, failed. A 5xx says so only when it came
 * again, for one alone is more likely an outage, or when no time was left to ask again: calls that take all of a run's time
 * would meet the same cursor in every run.
 */
export function blamesCursor({ kind, status = 0, tries, isLastTry }: AceError): boolean {
  if (kind === "http") return status >= 500 ? tries > 1 || isLastTry : status >= 400 && !NOT_OF_THE_REQUEST.has(status);
  return kind === "cursor_repeated" || kind === "not_a_page" || kind === "broken_body" || kind === "body_too_large";
}
