import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

// Only its owner writes a table, so that all changes of a row are in one place. Reads may be anywhere: a statement or
// batch that reads several tables returns one consistent snapshot.

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CORE = "packages/core/src";
const FOLDERS = [CORE, "packages/local/src", "workers/etl/src", "workers/backfill/src", "workers/query/src"];

/** The file that writes each table, or the folder if one file would be too long. null: only a migration writes it. */
const OWNERS: Readonly<Record<string, string | null>> = {
  schema_version: null,
  sites: "catalog/sites.ts",
  points: "catalog/",
  block_points: "catalog/block-points.ts",
  past_meanings: "catalog/past-meanings.ts",
  point_inquiries: "gaps/point-inquiries.ts",
  sync_state: "sync/sync-state.ts",
  sync_runs: "sync/journal.ts",
  dead_letters: "sync/dead-letters.ts",
  site_clocks: "store/site-clock.ts",
  segments: "store/segment-rows.ts",
  damaged_segments: "store/damaged-segments.ts",
  block_latest: "store/latest.ts",
  hot_hours: "store/hot-hours.ts",
  late_samples: "store/late-samples.ts",
  day_files: "manifest/write-manifest.ts",
  kept_files: "store/kept-groups.ts",
  kept_groups: "store/kept-groups.ts",
  block_days: "rollups/",
  point_months: "rollups/",
  month_files: "manifest/write-month-files.ts",
  quality_days: "manifest/quality-days.ts",
  settle_days: "store/settle-days.ts",
  gaps: "gaps/write-gaps.ts",
  gap_sites: "gaps/gap-sites.ts",
  gap_days: "gaps/gap-days.ts",
  backfill_jobs: "backfill/job-store.ts",
  backfill_days: "backfill/job-days.ts",
  backfill_pace: "backfill/request-pace.ts",
  backfill_instances: "backfill/instance-store.ts",
  backfill_queue: "backfill/queue.ts",
  alerts: "alerts/store.ts",
  audit: "http/audit-store.ts",
  site_counters: "d1/site-counters.ts",
};

/** Files that write tables of other owners, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  [`${CORE}/deletion/site-rows.ts`]: "a list of every table that has rows of a site; its test counts all tables",
  "packages/local/src/sql/sample-views.ts points": "a table of that name in the DuckDB of `npm run sql`",
  "packages/local/src/migrations.ts d1_migrations": "wrangler's own table of what was migrated",
};

/** A statement that writes. `DO UPDATE SET` names no table. */
const WRITE =
  /\b(?:INSERT\s+(?:OR\s+[A-Z]+\s+)?INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+[A-Z]+)?|DELETE\s+FROM)\s+([a-z][a-z0-9_]*|\$\{)/g;

/** The tables that a source writes, each once; `${` if the table's name is interpolated. */
function writtenBy(source: string): string[] {
  return [...new Set([...source.matchAll(WRITE)].map(([, table = ""]) => table))];
}

/** The key in {@link OWNERS} or {@link EXCEPTIONS} that allows a file to write a table; undefined: it may not. */
function licenceOf(file: string, table: string): string | undefined {
  const path = `${CORE}/${OWNERS[table]}`;
  if (OWNERS[table] != null && (file === path || (path.endsWith("/") && file.startsWith(path)))) return table;
  return [file, `${file} ${table}`].find((key) => Object.hasOwn(EXCEPTIONS, key));
}

it.each([
  ["INSERT INTO gaps (id) VALUES (?1) ON CONFLICT (id) DO UPDATE SET id = 1", ["gaps"]],
  ["INSERT OR REPLACE INTO gaps VALUES (1)", ["gaps"]],
  ["UPDATE hot_hours AS h SET version = 1", ["hot_hours"]],
  ["DELETE\nFROM\n  segments WHERE key IN (SELECT key FROM gaps)", ["segments"]],
  ["DELETE FROM ${table}", ["${"]],
  ["SELECT * FROM gaps", []],
])("finds the tables that %j writes", (sql, tables) => {
  expect(writtenBy(sql)).toEqual(tables);
});

it.each([
  ["its owner", `${CORE}/store/hot-hours.ts`, "hot_hours", "hot_hours"],
  ["a file of the owning folder", `${CORE}/rollups/write-rows.ts`, "block_days", "block_days"],
  ["an exception", `${CORE}/deletion/site-rows.ts`, "gaps", `${CORE}/deletion/site-rows.ts`],
  ["no other file", `${CORE}/day-build/roll-up-day.ts`, "hot_hours", undefined],
  ["no file of another folder with that beginning", `${CORE}/rollups.ts`, "block_days", undefined],
  ["no file an unknown table", `${CORE}/store/hot-hours.ts`, "hot_days", undefined],
  ["no file the table of migrations", `${CORE}/store/hot-hours.ts`, "schema_version", undefined],
])("lets %s write", (_, file, table, licence) => {
  expect(licenceOf(file, table)).toBe(licence);
});

it("every table of the schema has an owner", async () => {
  const tables = [];
  for (const name of await readdir(join(ROOT, "migrations"))) {
    const sql = await readFile(join(ROOT, "migrations", name), "utf8");
    tables.push(...[...sql.matchAll(/^CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)/gm)].map(([, table = ""]) => table));
  }
  expect(Object.keys(OWNERS)).toEqual(tables);
});

it("a table is written by its owner only", async () => {
  const faults: string[] = [];
  const written = Object.keys(OWNERS).filter((table) => OWNERS[table] !== null);
  const unused = new Set([...written, ...Object.keys(EXCEPTIONS)]);
  for (const folder of FOLDERS) {
    for (const name of await readdir(join(ROOT, folder), { recursive: true })) {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
      const file = `${folder}/${name}`;
      for (const table of writtenBy(await readFile(join(ROOT, file), "utf8"))) {
        const licence = licenceOf(file, table);
        if (licence === undefined) faults.push(`${file} writes ${table}, which ${OWNERS[table] ?? "no file"} owns`);
        else unused.delete(licence);
      }
    }
  }
  expect(faults).toEqual([]);
  // an owner that writes nothing, or an exception that nobody needs
  expect([...unused]).toEqual([]);
});
