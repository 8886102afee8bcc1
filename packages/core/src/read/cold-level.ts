import type { RangeBucket } from "../r2/range-get.ts";
import { REQUESTS_AT_ONCE } from "./limits.ts";

/** The methods of R2Bucket for reading day files and for checking which object is in place. */
export interface ColdBucket extends RangeBucket {
  head(key: string): Promise<{ readonly etag: string; readonly customMetadata?: Record<string, string> } | null>;
}

/** A site's day files in R2, and their manifest in D1. */
export interface ColdLevel {
  readonly db: D1Database;
  readonly bucket: ColdBucket;
  readonly siteId: number;
}

/** The cold level for one answer. At most {@link REQUESTS_AT_ONCE} of its requests to R2 run at once. */
export function coldLevel(db: D1Database, bucket: ColdBucket, siteId: number): ColdLevel {
  let free = REQUESTS_AT_ONCE;
  const waiting: (() => void)[] = [];
  const enter = async () => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = () => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };
  const within = async <T>(request: () => Promise<T>): Promise<T> => {
    await enter();
    try {
      return await request();
    } finally {
      leave();
    }
  };
  const gated: ColdBucket = {
    head: (key) => within(() => bucket.head(key)),
    // A request counts as running until its body is read.
    get: (key, options) =>
      within(async () => {
        const object = await bucket.get(key, options);
        if (object?.arrayBuffer === undefined) return object;
        const { etag, size } = object;
        const body = await object.arrayBuffer();
        return { etag, size, arrayBuffer: () => Promise.resolve(body) };
      }),
  };
  return { db, bucket: gated, siteId };
}
