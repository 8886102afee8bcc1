import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { unstable_splitSqlQuery as splitSqlQuery } from "wrangler";
import { z } from "zod";

/** wrangler's own table, so that `wrangler d1 migrations apply --local` and this agree. */
const CREATE_TABLE = `
CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`;

/** What this needs of a D1 binding; Miniflare hands one out in Node. */
interface Database {
  prepare(sql: string): Statement;
  batch(statements: Statement[]): Promise<unknown>;
}
interface Statement {
  bind(...values: unknown[]): Statement;
  run(): Promise<unknown>;
  all(): Promise<{ results: unknown[] }>;
}

/** Applies the migrations that the database does not have, each in one transaction; gives their names. */
export async function applyMigrations(database: Database, folder: string): Promise<string[]> {
  await database.prepare(CREATE_TABLE).run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
  const applied = new Set(
    z
      .array(z.object({ name: z.string() }))
      .parse(results)
      .map((row) => row.name),
  );
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort();
  const pending = files.filter((file) => !applied.has(file));
  for (const file of pending) {
    const statements = splitSqlQuery(await readFile(join(folder, file), "utf8"));
    await database.batch([
      ...statements.map((sql) => database.prepare(sql)),
      database.prepare("INSERT INTO d1_migrations (name) VALUES (?1)").bind(file),
    ]);
  }
  return pending;
}
