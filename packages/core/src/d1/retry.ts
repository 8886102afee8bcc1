/**
 * Messages of D1 errors that pass by themselves (D1 docs: "Debug D1", list of D1_ERRORs): those to retry and, the last one, those
 * to send again more slowly. D1 itself retries read-only queries only.
 *
 * Not in the list: "storage operation exceeded timeout which caused object to be reset". That call used D1's 30 s, and D1 serves
 * nobody else meanwhile. The next sync or the next try of a Workflow step makes it again, with time in between.
 */
const RETRYABLE = [
  "Network connection lost",
  "storage caused object to be reset",
  "reset because its code was updated",
  "Cannot resolve D1 DB due to transient issue",
  "Can't read from request stream because client disconnected",
  "D1 DB is overloaded",
];

/** Waits before the second, third and fourth try, in milliseconds, before jitter. */
const BACKOFF_MS = [100, 400, 1_600];

export interface Backoff {
  readonly sleep: (ms: number) => Promise<void>;
  /** uniform in [0, 1) */
  readonly random: () => number;
}

export const realBackoff: Backoff = {
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  random: Math.random,
};

export function isRetryableD1Error(error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  return RETRYABLE.some((text) => message.includes(text));
}

/**
 * Runs a D1 call, again on the errors that D1 documents as passing. The call must be idempotent: an error can mean
 * that it was committed and only the answer was lost.
 * @throws the last error
 */
export async function withD1Retry<T>(call: () => Promise<T>, backoff: Backoff = realBackoff): Promise<T> {
  for (const wait of BACKOFF_MS) {
    try {
      return await call();
    } catch (error) {
      if (!isRetryableD1Error(error)) throw error;
      // Half of the wait is random, so that Workers that failed together do not come back together.
      await backoff.sleep(wait * (0.5 + backoff.random() / 2));
    }
  }
  return call();
}
