import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const FOLDER = join(import.meta.dirname, "../../../migrations");

export const migrationSchema = z.object({
  /** file name */
  name: z.string(),
  statements: z.array(z.string()),
});
export type Migration = z.output<typeof migrationSchema>;

/** The repository's migrations, in the order of their application. */
export async function readMigrations(): Promise<Migration[]> {
  // Imported here, because it takes 1.7 s of CPU.
  const { unstable_splitSqlQuery: splitSqlQuery } = await import("wrangler");
  const names = (await readdir(FOLDER)).filter((file) => file.endsWith(".sql")).sort();
  const read = async (name: string) => ({
    name,
    statements: splitSqlQuery(await readFile(join(FOLDER, name), "utf8")),
  });
  return Promise.all(names.map(read));
}

/** wrangler's own table, so that `wrangler d1 migrations apply --local` agrees with this. */
const CREATE_TABLE = `
CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`;

/** The parts of a D1 binding that this needs; Miniflare provides them in Node. */
interface Database {
  prepare(sql: string): Statement;
  batch(statements: Statement[]): Promise<unknown>;
}
interface Statement {
  bind(...values: unknown[]): Statement;
  run(): Promise<unknown>;
  all(): Promise<{ results: unknown[] }>;
}

/** Applies pending migrations, each in one transaction. @returns their names */
export async function applyMigrations(database: Database, migrations: readonly Migration[]): Promise<string[]> {
  await database.prepare(CREATE_TABLE).run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
  const applied = new Set(
    z
      .array(z.object({ name: z.string() }))
      .parse(results)
      .map((row) => row.name),
  );
  const pending = migrations.filter(({ name }) => !applied.has(name));
  for (const { name, statements } of pending) {
    await database.batch([
      ...statements.map((sql) => database.prepare(sql)),
      database.prepare("INSERT INTO d1_migrations (name) VALUES (?1)").bind(name),
    ]);
  }
  return pending.map(({ name }) => name);
}
