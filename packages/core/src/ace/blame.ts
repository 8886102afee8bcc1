import type { AceError } from "./ace-error.ts";

/** Statuses about the key, the time or a limit, which any request may receive. */
const NOT_OF_THE_REQUEST: ReadonlySet<number> = new Set([401, 403, 408, 429]);

/** Whether a page with fewer rows may succeed after this failure. */
export function blamesSize({ kind, status = 0 }: AceError): boolean {
  if (kind === "http") return status >= 500 || status === 408 || status === 413;
  return kind === "timeout" || kind === "broken_body" || kind === "body_too_large";
}

/**
 * Whether a request without a cursor may succeed after this failure of one with a cursor. A single 5xx is probably an
 * outage. It counts only if it came again, or if no time was left to repeat the call: calls that take all of a run's
 * time would meet the same cursor in every run.
 */
export function blamesCursor({ kind, status = 0, tries, isLastTry }: AceError): boolean {
  if (kind === "http") return status >= 500 ? tries > 1 || isLastTry : status >= 400 && !NOT_OF_THE_REQUEST.has(status);
  return kind === "cursor_repeated" || kind === "not_a_page" || kind === "broken_body" || kind === "body_too_large";
}
