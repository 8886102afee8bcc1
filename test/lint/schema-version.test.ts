import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { FORMAT_VERSION } from "@building-vitals/core/parquet/file-schema";
import { expect, test } from "vitest";
import { z } from "zod";

/**
 * Each version of the D1 schema: the start of the SHA-256 of its tables, indexes and views. Rows are only added,
 * because a schema that has shipped exists in databases.
 */
const SCHEMAS: Readonly<Record<number, string>> = {
  1: "aa24b418c741b342",
};

const MIGRATIONS = fileURLToPath(new URL("../../migrations/", import.meta.url));

const elementsSchema = z.array(z.object({ type: z.string(), name: z.string(), sql: z.string() }));
const versionSchema = z.object({ version: z.int() });

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Each version that the migrations create, with the hash of its schema. */
function migratedSchemas(): Record<number, string> {
  const database = new DatabaseSync(":memory:");
  const schemas: Record<number, string> = {};
  for (const file of readdirSync(MIGRATIONS).toSorted()) {
    database.exec(readFileSync(`${MIGRATIONS}${file}`, "utf8"));
    const { version } = versionSchema.parse(database.prepare("SELECT version FROM schema_version").get());
    const elements = elementsSchema.parse(
      database.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name").all(),
    );
    // Comments and line breaks are not part of the schema.
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

test("the D1 schema of a version never changes", () => {
  const schemas = migratedSchemas();
  expect(schemas).toEqual(SCHEMAS);
  const code = readFileSync(new URL("../../packages/core/src/d1/schema-version.ts", import.meta.url), "utf8");
  expect(code).toContain(`SCHEMA_VERSION = ${Object.keys(schemas).at(-1)};`);
});

test("docs/storage-format.md names these versions", () => {
  const docs = readFileSync(new URL("../../docs/storage-format.md", import.meta.url), "utf8");
  expect(docs).toContain(`Version ${Object.keys(SCHEMAS).at(-1)} of the schema`);
  expect(docs).toContain(`Format version ${FORMAT_VERSION},`);
});
