import { AceError } from "./ace-error.ts";

/** The longest single wait, even if Retry-After asks for more, in ms. */
export const RETRY_AFTER_CAP_MS = 60_000;

export interface RetryPolicy {
  /** how often a call is repeated after its first failure */
  readonly retries: number;
  /** nominal wait before the first retry, in milliseconds; each further one doubles it */
  readonly backoffMs: number;
  readonly sleep: (ms: number) => Promise<void>;
  /** uniform in [0, 1) */
  readonly random: () => number;
  /** epoch milliseconds */
  readonly now: () => number;
}

interface RetryOptions {
  /** epoch milliseconds after which no retry may begin; Infinity: no limit */
  readonly deadline: number;
  /** Called for each failure. Returns true if the next try is a different one; then count and backoff restart. */
  readonly onFailure?: ((error: AceError) => boolean) | undefined;
}

/**
 * Repeats a call until it succeeds. The waits have equal jitter: from half the nominal backoff to all of it, and at
 * least the upstream's Retry-After (capped). A wait that would pass the deadline does not begin.
 *
 * @throws {AceError} the last failure, if it is not retryable, the retries are used up, or the deadline is too near
 */
export async function withRetries<T>(call: () => Promise<T>, policy: RetryPolicy, options: RetryOptions): Promise<T> {
  for (let failures = 0, tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof AceError)) throw error;
      error.tries = tries;
      const isDifferent = options.onFailure?.(error) === true;
      if (!isDifferent && !error.retryable) throw error;
      if (isDifferent) failures = 0;
      if (failures >= policy.retries) throw error;
      const nominal = policy.backoffMs * 2 ** failures;
      const backoff = nominal / 2 + (policy.random() * nominal) / 2;
      // an error that is not retryable leads to a different call, which needs no wait
      const wait = error.retryable ? Math.max(backoff, Math.min(error.retryAfterMs ?? 0, RETRY_AFTER_CAP_MS)) : 0;
      if (policy.now() + wait >= options.deadline) {
        error.isLastTry = true;
        throw error;
      }
      failures++;
      await policy.sleep(wait);
    }
  }
}

/**
 * The wait of a Retry-After header, in milliseconds: seconds, or an HTTP date minus `now`.
 *
 * @returns undefined if the header is absent or neither form
 */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // every HTTP date begins with a weekday; Date.parse alone would read "-5" as a year
  const date = /^[A-Z][a-z]+,? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
