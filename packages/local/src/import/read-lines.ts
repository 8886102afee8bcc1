import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { PassThrough } from "node:stream";
import { createGunzip } from "node:zlib";
import { parseJson } from "../parse-json.ts";
import type { RawRecord, ReadRecord } from "./record.ts";

/** Lines of a text file; decompresses .gz. @throws Error if the file cannot be read to its end */
async function* linesOf(file: string): AsyncGenerator<string> {
  const text = new PassThrough();
  const stream = createReadStream(file);
  // an error of any of them ends the lines; the pipeline then throws it
  const done = file.endsWith(".gz") ? pipeline(stream, createGunzip(), text) : pipeline(stream, text);
  done.catch(() => text.end());
  yield* createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY });
  await done;
}

function isObject(value: unknown): value is RawRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The records of a file with one JSON object per line. Any other line is a record with a fault. */
export async function* readNdjson(file: string): AsyncGenerator<ReadRecord> {
  let at = 0;
  for await (const line of linesOf(file)) {
    at++;
    if (line.trim() === "") continue;
    const value = parseJson(line);
    if (isObject(value)) yield { at, columns: value, fault: null };
    else yield { at, columns: {}, fault: "it is not a JSON object" };
  }
}

const COLUMNS = ["site_name", "point_name", "timestamp", "value"] as const;

/** The fields of a line (RFC 4180); null: an unclosed quote, or text beside a quoted field. */
function csvFields(line: string): string[] | null {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const match = field.exec(line);
    if (match === null) return null;
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "") return fields;
  }
}

/** The index of each column in a header. @throws Error for a missing or repeated column */
function columnsIn(header: readonly string[], file: string): readonly number[] {
  const missing = COLUMNS.filter((name) => !header.includes(name));
  if (missing.length > 0) throw new Error(`${file} has no column ${missing.join(", ")} in its first line.`);
  const twice = COLUMNS.filter((name) => header.indexOf(name) !== header.lastIndexOf(name));
  if (twice.length > 0) throw new Error(`${file} has the column ${twice.join(", ")} twice in its first line.`);
  return COLUMNS.map((name) => header.indexOf(name));
}

/**
 * The records of a CSV file. Its first line names the columns, in any order. A line with fewer or more fields than the
 * header is a record with a fault: an unquoted comma may have split a name and shifted the value.
 * @throws Error for a missing or repeated column
 */
export async function* readCsv(file: string): AsyncGenerator<ReadRecord> {
  let columns: readonly number[] | null = null;
  let width = 0;
  let at = 0;
  for await (const line of linesOf(file)) {
    at++;
    if (line === "") continue;
    const fields = csvFields(columns === null ? line.replace(/^\uFEFF/, "") : line);
    if (columns === null) {
      columns = columnsIn(fields ?? [], file);
      width = fields?.length ?? 0;
      continue;
    }
    if (fields === null || fields.length !== width) {
      const fault = fields === null ? "its quotes do not match" : `it has ${fields.length} fields, the header ${width}`;
      yield { at, columns: {}, fault };
      continue;
    }
    const [site_name, point_name, timestamp, value] = columns.map((column) => fields[column]);
    // an empty field means NULL
    yield { at, columns: { site_name, point_name, timestamp, value: value === "" ? null : value }, fault: null };
  }
}
