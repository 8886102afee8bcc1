import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { FORMAT_VERSION } from "@building-vitals/core/cold/day-file-schema";
import { expect, test } from "vitest";
import { z } from "zod";

/**
 * What each version of the D1 schema is: the start of the SHA-256 of all that its tables, indexes and views say. A row is
 * only ever added: a schema that has shipped is in somebody's database.
 */
const SCHEMAS: Readonly<Record<number, string>> = {
  1: "35e7ef8bee497edc",
  2: "f90daca6fa21e63b",
  3: "fb56cfffd4124c28",
  4: "ef85636286ba4a1a",
  5: "96a0b57231d27500",
  6: "1336625eac2ac4e0",
  7: "3bf5e5c52b15a029",
  8: "3571d2b17da2adab",
  9: "358ee71d24d2fbff",
  10: "00e33f07615d8c9c",
  11: "46c4926f05b4e84c",
  12: "389b0f6e7b7279b7",
  13: "98189ae44db20615",
  14: "123023a61f530d8a",
  15: "d56a3c4dad14369e",
  16: "f6959460b4068c05",
  17: "1cf75ff8e0f670a5",
  18: "3b7ec6fa6fe85b03",
  19: "f2ea46b3ee797c1b",
  20: "9a768ed926ae7fad",
};

const MIGRATIONS = fileURLToPath(new URL("../../migrations/", import.meta.url));

const elementsSchema = z.array(z.object({ type: z.string(), name: z.string(), sql: z.string() }));
const versionSchema = z.object({ version: z.int() });

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Each version that the migrations lead through, and the hash of its schema. */
function migratedSchemas(): Record<number, string> {
  const database = new DatabaseSync(":memory:");
  const schemas: Record<number, string> = {};
  for (const file of readdirSync(MIGRATIONS).toSorted()) {
    database.exec(readFileSync(`${MIGRATIONS}${file}`, "utf8"));
    const { version } = versionSchema.parse(database.prepare("SELECT version FROM schema_version").get());
    const elements = elementsSchema.parse(
      database.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name").all(),
    );
    // comments and line breaks are not the schema
    const plain = elements.map(({ type, name, sql }) => [
      type,
      name,
      sql.replaceAll(/--.*$/gm, "").replaceAll(/\s+/g, " "),
    ]);
    schemas[version] = digest(JSON.stringify(plain));
  }
  database.close();
  return schemas;
}

test("the D1 schema of a version is what it was; another one has another version", () => {
  const schemas = migratedSchemas();
  expect(schemas).toEqual(SCHEMAS);
  const code = readFileSync(new URL("../../packages/core/src/d1/schema-version.ts", import.meta.url), "utf8");
  expect(code).toContain(`SCHEMA_VERSION = ${Object.keys(schemas).at(-1)};`);
});

test("docs/storage-format.md is of these versions", () => {
  const docs = readFileSync(new URL("../../docs/storage-format.md", import.meta.url), "utf8");
  expect(docs).toContain(`Version ${Object.keys(SCHEMAS).at(-1)} of the schema`);
  expect(docs).toContain(`Format version ${FORMAT_VERSION},`);
});
