import { AceError } from "./ace-error.ts";

/** The longest single wait, even if Retry-After asks for more, in ms. */
export const RETRY_AFTER_CAP_MS = 60_000;

export interface RetryPolicy {
  /** how often a call is made again after its first failure */
  readonly retries: number;
  /** nominal wait before the first retry, in milliseconds; it doubles with each further one */
  readonly backoffMs: number;
  readonly sleep: (ms: number) => Promise<void>;
  /** uniform in [0, 1) */
  readonly random: () => number;
  /** epoch milliseconds */
  readonly now: () => number;
}

interface RetryOptions {
  /** epoch milliseconds past which no retry may begin; Infinity for none */
  readonly deadline: number;
  /** Sees each failure. True when the next try is a different one: count and backoff begin anew. */
  readonly onFailure?: ((error: AceError) => boolean) | undefined;
}

/**
 * Makes a call until it succeeds. The waits have equal jitter: between half the nominal backoff and all of it, and
 * never less than the upstream asked for (capped). A wait that would pass the deadline is not begun.
 *
 * @throws {AceError} the last failure, when it is not retryable, the retries are used up, or the deadline is too near
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
      // what can never succeed is not asked again, so there is nothing to wait for
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
 * The wait a Retry-After header asks for, in milliseconds: seconds, or an HTTP date less `now`.
 *
 * @returns undefined when the header is absent or is neither
 */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // every form of an HTTP date begins with the name of a weekday; Date.parse alone would take "-5" for a year
  const date = /^[A-Z][a-z]+,? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
