import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyMigrations, readMigrations } from "@building-vitals/local/migrations";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { runSimulation } from "./run-simulation.ts";

const transactionSchema = z.object({
  statements: z.array(z.object({ sql: z.string(), values: z.array(z.union([z.string(), z.number(), z.null()])) })),
  results: z.array(z.object({ results: z.array(z.unknown()), meta: z.object({ changes: z.int() }) })).nullable(),
});

let folder: string;
let miniflare: Miniflare;

/**
 * Runs recorded transactions, one line of JSON each, one after another. Returns the rows and changes, or the error, of
 * each.
 */
const REPLAY = `export default {
  async fetch(request, env) {
    const answers = [];
    for (const line of (await request.text()).split("\\n")) {
      const statements = JSON.parse(line).map(({ sql, values }) => env.A.prepare(sql).bind(...values));
      const answer = env.A.batch(statements).then(
        (results) => results.map(({ results: rows, meta }) => ({ rows, changes: meta.changes })),
        (error) => String(error),
      );
      answers.push(await answer);
    }
    return Response.json(answers);
  },
};`;
/** Transactions per request. */
const BATCH = 500;

const answersSchema = z.array(
  z.union([z.string(), z.array(z.object({ rows: z.array(z.unknown()), changes: z.int() }))]),
);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "simulated-d1-"));
  const modules = [{ type: "ESModule" as const, path: "replay.js", contents: REPLAY }];
  const worker = { name: "replay", modules, d1Databases: ["A"], compatibilityDate: "2026-01-01" };
  const quiet = { cf: false as const, inspectorPort: 0, telemetry: { enabled: false }, log: new Log(LogLevel.NONE) };
  const options = convertV4MiniflareOptions({ workers: [worker], ...quiet });
  miniflare = new Miniflare({ ...options, resourcePersistencePath: join(folder, "state") });
});
afterAll(async () => {
  await miniflare.dispose();
  await rm(folder, { recursive: true });
});

it("real local D1 and the simulated one answer a seed's transactions alike", async () => {
  const seed = "3";
  const path = join(folder, seed);
  const { code, output } = await runSimulation(["--seed", seed, "--record", path]);
  expect(output).toBe("");
  expect(code).toBe(0);
  const db = await miniflare.getD1Database("A");
  await applyMigrations(db, await readMigrations());
  const lines = (await readFile(path, "utf8")).split("\n");
  const asked = new Set<string>();
  for (let from = 0; from < lines.length; from += BATCH) {
    const recorded = lines.slice(from, from + BATCH).map((line) => transactionSchema.parse(JSON.parse(line)));
    const body = recorded.map(({ statements }) => JSON.stringify(statements)).join("\n");
    const response = await miniflare.dispatchFetch("http://replay/", { method: "POST", body });
    const answers = answersSchema.parse(await response.json());
    expect(answers.length).toBe(recorded.length);
    for (const [at, { statements, results }] of recorded.entries()) {
      const answer = answers[at]!;
      if (results === null) {
        expect(answer).toContain("D1_ERROR");
        continue;
      }
      if (typeof answer === "string") throw new Error(answer);
      const sqlOf = (i: number) => statements[i]?.sql;
      const expected = results.map((one, i) => ({ sql: sqlOf(i), rows: one.results, changes: one.meta.changes }));
      expect(answer.map((one, i) => ({ sql: sqlOf(i), ...one }))).toEqual(expected);
      for (const { sql } of statements) asked.add(sql);
    }
  }
  expect(asked.size).toBeGreaterThan(40);
});
