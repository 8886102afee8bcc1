import { interceptedBucket } from "./intercepted-bucket.ts";
import { interceptedDatabase } from "./intercepted-database.ts";

/** `before`: the call is not made; `after`: it is, and its answer is lost. */
export type CrashKind = "before" | "after";

/** A process that dies at its nth call (from 0) to whatever it works with: from then on nothing works any more. */
export class CrashPoint {
  calls = 0;
  readonly #nth: number;
  readonly #kind: CrashKind;

  constructor(nth: number, kind: CrashKind) {
    this.#nth = nth;
    this.#kind = kind;
  }

  get happened(): boolean {
    return this.calls > this.#nth;
  }

  readonly call = async <T>(execute: () => Promise<T>): Promise<T> => {
    const call = this.calls++;
    if (call < this.#nth) return execute();
    if (this.#kind === "after" && call === this.#nth) await execute();
    throw new Error("the process died");
  };

  database(db: D1Database): D1Database {
    return interceptedDatabase(db, this.call);
  }

  bucket(bucket: R2Bucket): R2Bucket {
    return interceptedBucket(bucket, this.call);
  }
}
