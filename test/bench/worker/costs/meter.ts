import { interceptedBucket } from "@building-vitals/core/test/intercepted-bucket";
import { binding } from "@building-vitals/core/http/settings";
import { z } from "zod";

/** Counts the operations of the Workers' bindings as Cloudflare bills them. */
export class Meter {
  readonly counts = {
    rowsRead: 0,
    rowsWritten: 0,
    r2ClassA: 0,
    r2ClassB: 0,
    kvReads: 0,
    kvWrites: 0,
    workflowInstances: 0,
    workflowSteps: 0,
    logEvents: 0,
  };
  /** size of the database after the last statement, bytes */
  d1Bytes = 0;
  /** whether the sites keep month files */
  monthFiles = true;

  /** A Worker's environment with metered bindings. */
  attach(env: Readonly<Record<string, unknown>>) {
    return {
      ...env,
      SITES: this.#sites(env["SITES"]),
      DB: this.#database(binding<D1Database>().parse(env["DB"])),
      TIMESERIES: this.#bucket(binding<R2Bucket>().parse(env["TIMESERIES"])),
      ETL_STATE: this.#namespace(binding<KVNamespace>().parse(env["ETL_STATE"])),
      BACKFILL: this.#workflow(binding<Workflow>().parse(env["BACKFILL"])),
    };
  }

  /** The setting, with `month_files` of each site. */
  #sites(setting: unknown): string {
    const sites = z.array(z.looseObject({})).parse(JSON.parse(z.string().parse(setting)));
    return JSON.stringify(sites.map((site) => ({ ...site, month_files: this.monthFiles })));
  }

  /** The counts since the last call. */
  take(): { counts: Meter["counts"]; d1Bytes: number } {
    const counts = { ...this.counts };
    for (const name of Object.keys(counts)) Reflect.set(this.counts, name, 0);
    return { counts, d1Bytes: this.d1Bytes };
  }

  #note<T>(result: D1Result<T>): D1Result<T> {
    this.counts.rowsRead += result.meta.rows_read;
    this.counts.rowsWritten += result.meta.rows_written;
    this.d1Bytes = result.meta.size_after;
    return result;
  }

  /** Every call returns D1's `meta`; `first`, which returns none, is replaced by `all`. */
  #database(db: D1Database): D1Database {
    const real = new WeakMap<D1PreparedStatement, D1PreparedStatement>();
    const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
      const counted = {
        bind: (...values: unknown[]) => wrap(statement.bind(...values)),
        all: async () => this.#note(await statement.all()),
        run: async () => this.#note(await statement.run()),
        first: async () => this.#note(await statement.all()).results[0] ?? null,
      };
      const wrapped = strict(statement, counted);
      real.set(wrapped, statement);
      return wrapped;
    };
    return strict(db, {
      prepare: (query: string) => wrap(db.prepare(query)),
      batch: async (statements: D1PreparedStatement[]) => {
        const results = await db.batch(statements.map((one) => real.get(one) ?? one));
        return results.map((result) => this.#note(result));
      },
    });
  }

  /** Class A: writes and lists. Class B: reads. Deletes and aborted uploads are free. */
  #bucket(bucket: R2Bucket): R2Bucket {
    return interceptedBucket(bucket, async (execute, what) => {
      const [operation = ""] = what.split(" ");
      switch (operation) {
        case "put":
        case "list":
        case "createMultipartUpload":
        case "uploadPart":
        case "complete":
          this.counts.r2ClassA++;
          break;
        case "get":
        case "head":
          this.counts.r2ClassB++;
          break;
        case "body":
        case "delete":
        case "abort":
          break;
        default:
          throw new Error(`R2 operation ${operation}: no billing class is known`);
      }
      return execute();
    });
  }

  /** Writes, deletes and lists share a price; reads have another. */
  #namespace(namespace: KVNamespace): KVNamespace {
    return new Proxy(namespace, {
      get: (target, key): unknown => {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== "function") return member;
        return (...given: unknown[]): unknown => {
          if (key === "get" || key === "getWithMetadata") this.counts.kvReads++;
          else this.counts.kvWrites++;
          return Reflect.apply(member, target, given);
        };
      },
    });
  }

  #workflow(workflow: Workflow): Workflow {
    return strict(workflow, {
      create: (options: WorkflowInstanceCreateOptions) => {
        this.counts.workflowInstances++;
        return workflow.create(options);
      },
      get: (id: string) => workflow.get(id),
    });
  }
}

/** An object with these members replaced. Using another member throws, because it would not be counted. */
function strict<T extends object>(target: T, members: Readonly<Record<string, unknown>>): T {
  return new Proxy(target, {
    get(_, key): unknown {
      if (typeof key === "string" && Object.hasOwn(members, key)) return members[key];
      // await and console read these
      if (key === "then" || typeof key === "symbol") return undefined;
      throw new Error(`binding member ${key} is not metered`);
    },
  });
}
