import { interceptedDatabase } from "../src/d1/intercepted-database.ts";
import { interceptedBucket } from "./intercepted-bucket.ts";

/** A query that stands still before one of its calls to the storage, until it is told to go on. */
export class PausedQuery<T> {
  /** resolves when it stands still, or has ended without */
  readonly paused: Promise<void>;
  readonly #result: Promise<T>;
  #goOn: () => void = () => undefined;

  /** @param calls that it makes before it stands still */
  constructor(
    db: D1Database,
    bucket: R2Bucket,
    calls: number,
    query: (db: D1Database, bucket: R2Bucket) => Promise<T>,
  ) {
    const gate = new Promise<void>((resolve) => (this.#goOn = resolve));
    let made = 0;
    let stand: () => void = () => undefined;
    const standing = new Promise<void>((resolve) => (stand = resolve));
    const call = async <R>(execute: () => Promise<R>): Promise<R> => {
      if (made++ >= calls) {
        stand();
        await gate;
      }
      return execute();
    };
    this.#result = query(interceptedDatabase(db, call), interceptedBucket(bucket, call));
    this.paused = Promise.race([standing, this.#result.then(() => undefined)]);
  }

  finish(): Promise<T> {
    this.#goOn();
    return this.#result;
  }
}
