import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { templatesOf } from "./sql-templates.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOLDERS = [
  "packages/core/src",
  "packages/local/src",
  "workers/etl/src",
  "workers/backfill/src",
  "workers/query/src",
];

/** Words in capitals that occur in our SQL and nowhere else. */
const SQL = /\b(?:SELECT|INSERT|UPDATE|DELETE|VALUES|WHERE|PRAGMA)\b/;

/** A constant of a module, or a member of one. */
const CONSTANT = /^[A-Z][A-Z0-9_]*(?:\.[a-zA-Z]+)?$/;

/** A piece of SQL that one of our functions makes from literals and constants. */
const PIECE =
  /^(?:blockDayKeySql|lateKeySql|blockSql|dayOfSegmentSql|firstDaySql|firstPointSql|isOfBlockSql|isOfPointSql|monthKeySql|monthOfDaySql|monthOfKeySql|newIds|pathSql|rowBlockSql|rowKeySql|segmentKeySql|stampOfSegmentSql)\((?:(?:"[^"]*"|[A-Z][A-Z0-9_]*)(?:, )?)+\)$/;

/** Other expressions without values from outside. */
const KNOWN = new Map([
  // Texts of the same file.
  [
    "packages/core/src/backfill/job-days.ts",
    ["known", "outcome", "selected", "INSERT_DAYS[selection]", "INSERT_DAYS_ELSEWHERE[selection]"],
  ],
  // Not a statement: the catalogue's own method of that name.
  ["packages/core/src/sync/sync-site.ts", ["this.#state.catalogAt"]],
  // SQL of the same file.
  ["packages/core/src/catalog/catalog.ts", ["nameSql"]],
  // The number of a statement that the user of `npm run sql` wrote.
  ["packages/local/src/sql/sample-views.ts", ["0"]],
]);

/** Parameter names of functions that take a statement. Their callers are in the same file, whose SQL is checked. */
const HANDED_ON = /^(?:sql|query|insert|statement)$/;

/** The expressions of a source that could put a value into SQL as text. */
function unbound(source: string, known: readonly string[] = []): string[] {
  const faults = templatesOf(source)
    .filter(({ text }) => SQL.test(text))
    .flatMap(({ expressions }) => expressions)
    .filter((expression) => !CONSTANT.test(expression) && !PIECE.test(expression) && !known.includes(expression));
  for (const [, argument = ""] of source.matchAll(/\.prepare\(\s*([^\s"`),]+)/g)) {
    const isPlain = argument.startsWith("`") || argument.startsWith('"') || CONSTANT.test(argument);
    if (!isPlain && !HANDED_ON.test(argument) && !known.includes(argument)) faults.push(argument);
  }
  for (const [text] of source.matchAll(/"[^"\n]*"\s*\+|\+\s*"[^"\n]*"|`\s*\+|\+\s*`/g))
    if (SQL.test(text)) faults.push(text);
  return faults;
}

it.each([
  ["a value", "db.prepare(`SELECT * FROM points WHERE name = '${name}'`)", ["name"]],
  ["a list", "db.prepare(`DELETE FROM points WHERE id IN (${ids.join()})`)", ["ids.join()"]],
  ["a value inside of another template", "f(`${g(`SELECT 1 WHERE ${x.y}`)}`)", ["x.y", "g(`SELECT 1 WHERE ${x.y}`)"]],
  [
    "text that is joined",
    'db.prepare("SELECT * FROM points WHERE id = " + id)',
    ['"SELECT * FROM points WHERE id = " +'],
  ],
  ["a statement from elsewhere", "db.prepare(request.sql)", ["request.sql"]],
])("finds %s", (_, source, faults) => {
  expect(unbound(source)).toEqual(faults);
});

it.each([
  "db.prepare(`SELECT ${COLUMNS} FROM points WHERE id = ?1`).bind(id)",
  "db.prepare(READ).bind(id)",
  'db.prepare("SELECT 1")',
  "throw new Error(`no point ${name}`)",
  "const odd = /[`\"']/.test(text); db.prepare(`SELECT ${FIELD.rows}`)",
])("accepts %s", (source) => {
  expect(unbound(source)).toEqual([]);
});

it("no statement holds a value: all values are bound", async () => {
  const faults: string[] = [];
  let statements = 0;
  for (const folder of FOLDERS) {
    for (const name of await readdir(join(ROOT, folder), { recursive: true })) {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
      const file = `${folder}/${name}`;
      const source = await readFile(join(ROOT, file), "utf8");
      statements += source.split(".prepare(").length - 1;
      faults.push(...unbound(source, KNOWN.get(file)).map((fault) => `${file}: ${fault}`));
    }
  }
  expect(faults).toEqual([]);
  expect(statements).toBeGreaterThan(80);
});
