import type { ColdBucket } from "@building-vitals/core/read/cold-level";
import { interceptedDatabase } from "@building-vitals/core/d1/intercepted-database";
import { Problem } from "@building-vitals/core/domain/problem";
import type { Stages } from "./stages.ts";

/** Longest duration of a query, ms. Dashboards give up at 30 s. */
const MAX_QUERY_MS = 25_000;

/** The stores of one query. Their calls are timed, and refused after the deadline. */
export interface QueryStores {
  readonly db: D1Database;
  readonly bucket: ColdBucket;
}

function timeout(): Problem {
  const seconds = MAX_QUERY_MS / 1000;
  const detail = `The query took longer than ${seconds} s. Ask for fewer points, a shorter range or a coarser interval.`;
  return new Problem("query_timeout", detail);
}

/**
 * Runs a query until the deadline, or until its client disconnects. The stores refuse later calls.
 * @param signal of the request
 * @throws {Problem} `query_timeout`; the signal's reason; what the query throws
 */
export async function withinTime<T>(
  stores: QueryStores,
  stages: Stages,
  signal: AbortSignal,
  query: (stores: QueryStores) => Promise<T>,
): Promise<T> {
  let reason: unknown = null;
  const inTime = (stage: string) =>
    function around<R>(call: () => Promise<R>): Promise<R> {
      if (reason !== null) throw reason;
      return stages.time(stage, call);
    };
  const [aroundD1, aroundR2] = [inTime("d1"), inTime("r2")];
  const { bucket } = stores;
  const watched = {
    db: interceptedDatabase(stores.db, aroundD1),
    bucket: {
      head: (key: string) => aroundR2(() => bucket.head(key)),
      get: (...asked: Parameters<ColdBucket["get"]>) =>
        aroundR2(async () => {
          const object = await bucket.get(...asked);
          if (object?.arrayBuffer === undefined) return object;
          const { etag, size } = object;
          const body = await object.arrayBuffer();
          return { etag, size, arrayBuffer: () => Promise.resolve(body) };
        }),
    },
  };
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (why: unknown) => {
    reason = why;
    reject(why);
  };
  const timer = setTimeout(() => stop(timeout()), MAX_QUERY_MS);
  signal.addEventListener("abort", () => stop(signal.reason));
  try {
    return await Promise.race([query(watched), promise]);
  } finally {
    clearTimeout(timer);
  }
}
