import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOLDERS = ["packages/core/src", "workers/etl/src", "workers/backfill/src", "workers/query/src"];

/** The only files that define the length of an hour or a day. All others import it, into SQL text too. */
const HOMES = new Set(["packages/core/src/domain/hour.ts", "packages/core/src/domain/day.ts"]);

/** Comments. A `//` after a colon belongs to a URL. */
const COMMENT = /\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm;

/** An hour or a day as a number, with or without separators, and the products that give one. */
const LITERALS = [
  /(?<![\w.])(?:3_?600|86_?400)(?:_?000)?(?!\w)/g,
  /(?<![\w.])(?:3_?599|86_?399)(?:_?999)?(?!\w)/g,
  /\b60 \* 60(?!\w)|\b60 \* 60_?000\b|\b24 \* (?:60|31|HOUR\w*)\b|\bHOUR\w* \* 24\b/g,
  /\bHOURS?\w* = 24\b|\blength: 24\b|\bhour < 24\b/g,
];

/** The lengths of hours and days that a source has as literals. */
function literalsIn(source: string): string[] {
  const code = source.replaceAll(COMMENT, "");
  return LITERALS.flatMap((literal) => [...code.matchAll(literal)].map(([found]) => found));
}

it.each([
  ["milliseconds of an hour", "const LONGEST_MS = 3_600_000;", "3_600_000"],
  ["seconds of a day", "headers.set('max-age', String(86400));", "86400"],
  ["a day in SQL", "const DAYS = `SELECT hour / 86400000 FROM hot_hours`;", "86400000"],
  ["a day in a plain string", 'db.prepare("SELECT hour % 86400000 FROM hot_hours")', "86400000"],
  ["the last millisecond of a day", "`(watched_from + 86399999)`", "86399999"],
  ["a product of minutes", "const PAUSE_MS = 60 * 60_000;", "60 * 60_000"],
  ["a product of hours", "now - 24 * HOUR_MS", "24 * HOUR_MS"],
  ["another name of 24", "const HOURS_PER_DAY = 24;", "HOURS_PER_DAY = 24"],
  ["an array of a day's hours", "Array.from({ length: 24 })", "length: 24"],
])("refuses %s", (_, source, literal) => {
  expect(literalsIn(source)).toEqual([literal]);
});

it.each([
  "// 3_600_000 ms are an hour\nconst a = HOUR_MS;",
  "/** At most 86400 s. */\nconst b = `hour / ${DAY_MS}`;",
  "const BYTES = 24 * 1024 * 1024;",
  "const LOW_BITS = 24;",
  "const STEP_MS = 300_000;",
])("accepts %j", (source) => {
  expect(literalsIn(source)).toEqual([]);
});

it("no source repeats the length of an hour or a day", async () => {
  const faults: string[] = [];
  let files = 0;
  for (const folder of FOLDERS) {
    for (const name of await readdir(join(ROOT, folder), { recursive: true })) {
      const file = `${folder}/${name}`;
      if (!name.endsWith(".ts") || name.endsWith(".test.ts") || HOMES.has(file)) continue;
      files++;
      faults.push(...literalsIn(await readFile(join(ROOT, file), "utf8")).map((found) => `${file}: ${found}`));
    }
  }
  expect(faults).toEqual([]);
  expect(files).toBeGreaterThan(300);
});
