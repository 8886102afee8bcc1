import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyMigrations } from "@building-vitals/local/migrations";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { runSimulation } from "./run-simulation.ts";

const MIGRATIONS = join(import.meta.dirname, "../../migrations");

const transactionSchema = z.object({
  statements: z.array(z.object({ sql: z.string(), values: z.array(z.union([z.string(), z.number(), z.null()])) })),
  results: z.array(z.object({ results: z.array(z.unknown()), meta: z.object({ changes: z.int() }) })).nullable(),
});

let folder: string;
let miniflare: Miniflare;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "simulated-d1-"));
  const contents = "export default { fetch: () => new Response() };";
  const modules = [{ type: "ESModule" as const, path: "none.js", contents }];
  const worker = { name: "none", modules, d1Databases: ["A"], compatibilityDate: "2026-01-01" };
  const quiet = { cf: false as const, inspectorPort: 0, telemetry: { enabled: false }, log: new Log(LogLevel.NONE) };
  const options = convertV4MiniflareOptions({ workers: [worker], ...quiet });
  miniflare = new Miniflare({ ...options, resourcePersistencePath: join(folder, "state") });
});
afterAll(async () => {
  await miniflare.dispose();
  await rm(folder, { recursive: true });
});

it("the real local D1 answers every transaction of a seed as the simulated one", async () => {
  const [name, seed] = ["A", "11"];
  const path = join(folder, seed);
  const { code, output } = await runSimulation(["--seed", seed, "--record", path]);
  expect(output).toBe("");
  expect(code).toBe(0);
  const db = await miniflare.getD1Database(name);
  await applyMigrations(db, MIGRATIONS);
  const asked = new Set<string>();
  for (const line of (await readFile(path, "utf8")).split("\n")) {
    const { statements, results } = transactionSchema.parse(JSON.parse(line));
    const prepared = statements.map(({ sql, values }) => db.prepare(sql).bind(...values));
    if (results === null) {
      await expect(db.batch(prepared)).rejects.toThrow("D1_ERROR");
      continue;
    }
    const real = await db.batch(prepared);
    const given = real.map((one, i) => ({ sql: statements[i]?.sql, rows: one.results, changes: one.meta.changes }));
    const expected = results.map((one, i) => ({
      sql: statements[i]?.sql,
      rows: one.results,
      changes: one.meta.changes,
    }));
    expect(given).toEqual(expected);
    for (const { sql } of statements) asked.add(sql);
  }
  expect(asked.size).toBeGreaterThan(40);
});
