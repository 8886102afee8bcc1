import { ProcessDied } from "./memory-engine.ts";
import { interceptedBucket } from "./intercepted-bucket.ts";
import { interceptedDatabase } from "../src/d1/intercepted-database.ts";

/** `before`: the call is not made. `after`: the call is made, and its answer is lost. */
export type CrashKind = "before" | "after";

/** Selects the calls at which a process may die. @param writes whether the call may change stored data */
type Counts = (what: string, writes: boolean) => boolean;

/** Calls that may change stored data. A process that dies at a read leaves the state of the write before it. */
export const isWrite: Counts = (_, writes) => writes;

/** Any other statement may write. */
const READING = /^\s*(?:SELECT|WITH(?![^]*\b(?:INSERT|UPDATE|DELETE)\b))\b/i;
const BUCKET_WRITE = /^(?:put|delete|createMultipartUpload|uploadPart|complete|abort) /;

type Fetch = (request: Request) => Promise<Response>;

/** A process that dies at its nth call (from 0) to any of its dependencies. From then on every call fails. */
export class CrashPoint {
  calls = 0;
  /** names of the counted calls */
  readonly made: string[] = [];
  /** false: only that call fails, and the process lives on */
  readonly lethal: boolean;
  readonly #nth: number;
  readonly #kind: CrashKind;
  readonly #counts: Counts;
  #isBoundary = false;
  readonly #afterEach: () => Promise<void>;

  /**
   * @param counts calls at which it may die, by name; default all
   * @param afterEach runs after each call that succeeded
   */
  constructor(
    nth: number,
    kind: CrashKind,
    counts: Counts = () => true,
    afterEach: () => Promise<void> = () => Promise.resolve(),
    lethal = true,
  ) {
    this.#nth = nth;
    this.#kind = kind;
    this.#counts = counts;
    this.#afterEach = afterEach;
    this.lethal = lethal;
  }

  get happened(): boolean {
    return this.calls > this.#nth;
  }

  /** Notes that something else was stored, such as a step's outcome. The next call then counts as a write. */
  noteBoundary(): void {
    this.#isBoundary = true;
  }

  readonly call = async <T>(execute: () => Promise<T>, what = "", writes = true): Promise<T> => {
    const isDead = this.lethal && this.happened;
    const call = this.#counts(what, writes || this.#isBoundary) ? this.calls++ : -1;
    this.#isBoundary = false;
    if (call >= 0) this.made.push(what);
    if (call === this.#nth) {
      if (this.#kind === "after") await execute();
      throw this.lethal ? new ProcessDied("the process died") : new Error("the call failed");
    }
    if (isDead) throw new ProcessDied("the process died");
    const result = await execute();
    await this.#afterEach();
    return result;
  };

  /** @param what name of its calls */
  database(db: D1Database, what = "d1"): D1Database {
    return interceptedDatabase(db, (execute, _, queries) =>
      this.call(execute, what, !queries.every((query) => READING.test(query))),
    );
  }

  bucket(bucket: R2Bucket): R2Bucket {
    return interceptedBucket(bucket, (execute, what) => this.call(execute, what, BUCKET_WRITE.test(what)));
  }

  upstream(fetch: Fetch): Fetch {
    return (request) => this.call(() => fetch(request), "upstream", false);
  }
}
