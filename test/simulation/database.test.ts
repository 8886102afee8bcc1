import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readdirSync, readFileSync } from "node:fs";
import { Miniflare } from "miniflare";
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
  const script = "export default { fetch: () => new Response() };";
  miniflare = new Miniflare({ modules: true, script, d1Databases: ["A", "B", "C"] });
});
afterAll(async () => {
  await miniflare.dispose();
  await rm(folder, { recursive: true });
});

/** The statements of a migration: none of ours has a semicolon inside of a statement. */
function statementsOf(migration: string): string[] {
  const withoutComments = migration.replaceAll(/^\s*--.*$/gm, "");
  return withoutComments.split(";").filter((statement) => statement.trim() !== "");
}

it.each([
  ["A", "4"],
  ["B", "19"],
  ["C", "55"],
] as const)(
  "the real local D1 (%s) answers every transaction of seed %s as the simulated one",
  { timeout: 120_000 },
  async (name, seed) => {
    const path = join(folder, seed);
    const { code, output } = await runSimulation(["--seed", seed, "--record", path]);
    expect(output).toBe("");
    expect(code).toBe(0);
    const db = await miniflare.getD1Database(name);
    for (const file of readdirSync(MIGRATIONS).sort()) {
      const statements = statementsOf(readFileSync(join(MIGRATIONS, file), "utf8"));
      await db.batch(statements.map((sql) => db.prepare(sql)));
    }
    const asked = new Set<string>();
    for (const line of (await readFile(path, "utf8")).split("\n")) {
      const { statements, results } = transactionSchema.parse(JSON.parse(line));
      const prepared = statements.map(({ sql, values }) => db.prepare(sql).bind(...values));
      if (results === null) {
        await expect(db.batch(prepared)).rejects.toThrow();
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
  },
);
