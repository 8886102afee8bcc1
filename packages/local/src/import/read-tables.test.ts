import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { readSqlite } from "./read-tables.ts";
import { sampleOf } from "./record.ts";

const NOW = Date.UTC(2026, 10, 23);
const folder = mkdtempSync(join(tmpdir(), "building-vitals-tables-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("SQLite: a value of a wrong type costs its own row, not the file", () => {
  const path = join(folder, "old.sqlite");
  const database = new DatabaseSync(path);
  // columns without a type store any value as written
  database.exec("CREATE TABLE timeseries_raw (site_name, point_name, timestamp, value)");
  const insert = database.prepare("INSERT INTO timeseries_raw VALUES (?, ?, ?, ?)");
  insert.run("s", "p", 1_760_270_400, 2n ** 60n);
  insert.run("s", "p", 2n ** 60n, 1);
  insert.run("s", "p", 1_760_270_400, new Uint8Array([1]));
  insert.run("s", 7, 1_760_270_400, 1);
  insert.run("s", "p", null, 1);
  insert.run("s", "p", 1_760_270_401, 72.5);
  database.close();
  const read = [...readSqlite(path)].map(({ at, columns }) => [at, sampleOf(columns, NOW)]);
  expect(read).toEqual([
    [1, { site: "s", point: "p", time: 1_760_270_400_000, value: 2 ** 60 }],
    [2, "bad_time"],
    [3, "non_numeric"],
    [4, "malformed"],
    [5, "bad_time"],
    [6, { site: "s", point: "p", time: 1_760_270_401_000, value: 72.5 }],
  ]);
});
