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

/** The only files that pack and unpack keys. All others import their functions, into SQL text too. */
const HOMES = new Set([
  "packages/core/src/rollups/block-day-key.ts",
  "packages/core/src/rollups/month-key.ts",
  "packages/core/src/store/kept-groups.ts",
  "packages/core/src/store/segment-key.ts",
]);

/** Comments. A `//` behind a colon belongs to a URL. */
const COMMENT = /\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm;

/** The masks and factors of a day, a stamp, a month and a byte position, in code and in SQL. */
const PACKING =
  /& ?(?:65_?535|16_?777_?215|4_?095)\b|[*/%] ?(?:DAYS|STAMPS|MONTHS|MAX_KEPT_FILE_BYTES|65_?536|16_?777_?216)\b/g;

/** A shift of SQL. `->>` reads a JSON value. */
const SHIFT = /<< ?\d+|(?<!-)>> ?\d+/g;

/** What a source packs or unpacks without a function of a key's file. */
function packingIn(source: string): string[] {
  const code = source.replaceAll(COMMENT, "");
  const texts = [...templatesOf(code).map(({ text }) => text), ...(code.match(/"[^"\n]*"/g) ?? [])];
  const shifts = texts.flatMap((text) => text.match(SHIFT) ?? []);
  return [...(code.match(PACKING) ?? []), ...shifts];
}

it.each([
  ["a day's mask", "const SQL = `SELECT key & 65535 AS day FROM block_days`;", "& 65535"],
  ["a stamp's mask", "const SQL = `WHERE g.key & 16777215 > f.settled_stamp`;", "& 16777215"],
  ["a mask in code", "const day = key & 65_535;", "& 65_535"],
  ["a factor in code", "const key = block * DAYS + day;", "* DAYS"],
  ["a remainder in code", "const stamp = key % STAMPS;", "% STAMPS"],
  ["a shift in a template", "const SQL = `SELECT DISTINCT id >> 7 FROM points`;", ">> 7"],
  ["a shift in a plain string", 'db.prepare("SELECT key >> 24 FROM segments")', ">> 24"],
  ["a shift in a piece of SQL", 'segmentKeySql("id >> 4", "?2")', ">> 4"],
  ["a shift to the left", "const SQL = `WHERE key >= ?1 << 40`;", "<< 40"],
])("refuses %s", (_, source, packing) => {
  expect(packingIn(source)).toEqual([packing]);
});

it.each([
  "// key & 65535\nconst SQL = `WHERE ${DAY_OF_ROW} = ?1`;",
  "const SQL = `SELECT value ->> 4 FROM json_each(?1)`;",
  "const middle = (low + high) >>> 1;",
  "bytes[at] = (high << 4) | low;",
  "const MAX_MS = MAX_SPAN_DAYS * DAY_MS;",
])("accepts %j", (source) => {
  expect(packingIn(source)).toEqual([]);
});

it("only the files of keys pack and unpack them", async () => {
  const faults: string[] = [];
  const homes = new Set<string>();
  for (const folder of FOLDERS) {
    for (const name of await readdir(join(ROOT, folder), { recursive: true })) {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
      const file = `${folder}/${name}`;
      const found = packingIn(await readFile(join(ROOT, file), "utf8"));
      if (!HOMES.has(file)) faults.push(...found.map((packing) => `${file}: ${packing}`));
      else if (found.length > 0) homes.add(file);
    }
  }
  expect(faults).toEqual([]);
  expect(homes).toEqual(HOMES);
});
