/**
 * Messages of transient D1 errors (D1 docs: "Debug D1", list of D1_ERRORs). The last one asks for a slower retry. D1
 * itself retries read-only queries only.
 *
 * Not in the list: "storage operation exceeded timeout which caused object to be reset". That call used D1's 30 s,
 * which blocks all others. The next sync or Workflow step makes it again later.
 */
const RETRYABLE = [
  "Network connection lost",
  "storage caused object to be reset",
  "reset because its code was updated",
  "Cannot resolve D1 DB due to transient issue",
  "Can't read from request stream because client disconnected",
  "D1 DB is overloaded",
];

/** Waits before the second, third and fourth attempt, in ms, before jitter. */
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
 * Runs a D1 call and retries transient errors. The call must be idempotent: D1 may have committed it and lost only the
 * answer.
 * @throws the last error
 */
export async function withD1Retry<T>(call: () => Promise<T>, backoff: Backoff = realBackoff): Promise<T> {
  for (const wait of BACKOFF_MS) {
    try {
      return await call();
    } catch (error) {
      if (!isRetryableD1Error(error)) throw error;
      // Half of the wait is random, so that Workers that failed together do not retry together.
      await backoff.sleep(wait * (0.5 + backoff.random() / 2));
    }
  }
  return call();
}
