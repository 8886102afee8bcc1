import { interceptedBucket } from "@building-vitals/core/test/intercepted-bucket";
import { interceptedDatabase } from "@building-vitals/core/d1/intercepted-database";
import { z } from "zod";
import query from "../../../../workers/query/src/index.ts";
import { SITE_NAME } from "../../year-size.ts";
import type { YearEnv } from "./build.ts";

const SITES = JSON.stringify([{ name: SITE_NAME, timezone: "America/Chicago" }]);

/** What an answer took of D1 and R2, as seen at the bindings. */
interface AnswerCost {
  /** calls to D1, each one round trip: a statement or a batch of some */
  roundTrips: number;
  statements: number;
  /** rows that D1 bills as read; a statement that returns one row does not report them, and counts one */
  rowsRead: number;
  requests: number;
  /** bytes of objects that R2 gave */
  objectBytes: number;
}

/** A Worker's clock stands still until the next event. */
async function now(): Promise<number> {
  await scheduler.wait(0);
  return performance.now();
}

/** Time that work takes inside this Worker, of each run, in ms; a wait of {@link now} is in it. */
export async function timeRuns(runs: number, work: () => Promise<void>): Promise<number[]> {
  const milliseconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const started = await now();
    await work();
    milliseconds.push((await now()) - started);
  }
  return milliseconds;
}

/** The query Worker's environment of each of ours: it parses its settings once an object, as of a deployed isolate. */
const environments = new WeakMap<object, object>();

function queryEnv(env: object): object {
  const known = environments.get(env);
  if (known !== undefined) return known;
  const made = { ...env, SITES, ADMIN_TOKEN: "the-admin-token-of-benchmarks" };
  environments.set(env, made);
  return made;
}

/** The query Worker's answer, piece by piece as it makes it. */
export async function streamAnswer(path: string, env: object, context: ExecutionContext): Promise<Response> {
  return query.fetch(new Request(new URL(path, "http://query.bench")), queryEnv(env), context);
}

/** Asks the query Worker, and takes its answer to the last byte. @throws for any answer but 200 */
export async function answerOf(path: string, env: object, context: ExecutionContext): Promise<Uint8Array> {
  const response = await streamAnswer(path, env, context);
  const body = new Uint8Array(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${new TextDecoder().decode(body)}`);
  return body;
}

const metaSchema = z.object({ meta: z.object({ rows_read: z.int() }) });
const rangeSchema = z.object({ range: z.object({ length: z.int() }) });

/** Answers, one after the other, and what they took. */
export async function costOf(paths: readonly string[], env: YearEnv, context: ExecutionContext) {
  const cost: AnswerCost = { roundTrips: 0, statements: 0, rowsRead: 0, requests: 0, objectBytes: 0 };
  const DB = interceptedDatabase(env.DB, async (execute, statements) => {
    cost.roundTrips++;
    cost.statements += statements;
    const result = await execute();
    for (const one of Array.isArray(result) ? result : [result]) {
      cost.rowsRead += metaSchema.safeParse(one).data?.meta.rows_read ?? 1;
    }
    return result;
  });
  const TIMESERIES = interceptedBucket(env.TIMESERIES, async (execute, what) => {
    if (!what.startsWith("body ")) cost.requests++;
    const result = await execute();
    cost.objectBytes += rangeSchema.safeParse(result).data?.range.length ?? 0;
    return result;
  });
  const answers: string[] = [];
  let bytes = 0;
  for (const path of paths) {
    const body = await answerOf(path, { DB, TIMESERIES }, context);
    bytes += body.length;
    answers.push(new TextDecoder().decode(body));
  }
  return { cost, bytes, answers };
}
