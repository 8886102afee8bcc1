import { interceptedDatabase } from "../src/d1/intercepted-database.ts";
import { interceptedBucket } from "./intercepted-bucket.ts";

type Query<T> = (db: D1Database, bucket: R2Bucket) => Promise<T>;

/** Queries that pause before one of their calls to the storage, until a test resumes them. */
export class PausedQueries<T> {
  readonly #db: D1Database;
  readonly #bucket: R2Bucket;
  readonly #query: Query<T>;
  #begun: (() => Promise<T>)[] = [];

  constructor(db: D1Database, bucket: R2Bucket, query: Query<T>) {
    this.#db = db;
    this.#bucket = bucket;
    this.#query = query;
  }

  /** Begins a query. Resolves when it pauses or has ended. @param calls number of calls before it pauses */
  async begin(calls: number): Promise<void> {
    const [gate, standing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let made = 0;
    const call = async <R>(execute: () => Promise<R>): Promise<R> => {
      if (made++ >= calls) {
        standing.resolve();
        await gate.promise;
      }
      return execute();
    };
    const result = this.#query(interceptedDatabase(this.#db, call), interceptedBucket(this.#bucket, call));
    this.#begun.push(() => {
      gate.resolve();
      return result;
    });
    await Promise.race([standing.promise, result]);
  }

  /** Resumes all queries. @returns their answers */
  async finish(): Promise<T[]> {
    const answers: T[] = [];
    for (const goOn of this.#begun.splice(0)) answers.push(await goOn());
    return answers;
  }
}
