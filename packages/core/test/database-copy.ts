import { z } from "zod";

const tablesSchema = z.array(z.object({ name: z.string() }));
const valueSchema = z.union([z.string(), z.number(), z.null(), z.array(z.number())]);
const rowsSchema = z.array(z.record(z.string(), valueSchema));

const TABLES = `
SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'
  AND name NOT IN ('d1_migrations', 'schema_version')`;

/**
 * Copies all rows of a database.
 * @returns restores the copied rows in one transaction, like D1's Time Travel
 */
export async function copyDatabase(db: D1Database): Promise<() => Promise<void>> {
  const tables = tablesSchema.parse((await db.prepare(TABLES).all()).results).map(({ name }) => name);
  const columns = await db.batch(tables.map((table) => db.prepare(`PRAGMA table_info(${table})`)));
  const copied = await db.batch(
    tables.map((table, i) => {
      // Without generated columns, which cannot be written.
      const stored = tablesSchema.parse(columns[i]?.results).map(({ name }) => name);
      return db.prepare(`SELECT ${stored.join()} FROM ${table}`);
    }),
  );
  const inserts = tables.flatMap((table, i) =>
    rowsSchema.parse(copied[i]?.results).map((row) => {
      const places = Object.keys(row)
        .map(() => "?")
        .join();
      const values = Object.values(row).map((value) => (Array.isArray(value) ? Uint8Array.from(value) : value));
      return db.prepare(`INSERT INTO ${table} (${Object.keys(row).join()}) VALUES (${places})`).bind(...values);
    }),
  );
  const deletes = tables.map((table) => db.prepare(`DELETE FROM ${table}`));
  return async () => {
    await db.batch([db.prepare("PRAGMA defer_foreign_keys = ON"), ...deletes, ...inserts]);
  };
}
