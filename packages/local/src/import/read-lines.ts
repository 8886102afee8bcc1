import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { PassThrough } from "node:stream";
import { createGunzip } from "node:zlib";
import { parseJson } from "../parse-json.ts";
import type { RawRecord } from "./record.ts";

/** Lines of a text file, unpacked where its name ends in .gz. @throws where it cannot be read to its end */
async function* linesOf(file: string): AsyncGenerator<string> {
  const text = new PassThrough();
  const stream = createReadStream(file);
  // an error of any of them ends the lines, and is thrown by the pipeline
  const done = file.endsWith(".gz") ? pipeline(stream, createGunzip(), text) : pipeline(stream, text);
  done.catch(() => text.end());
  yield* createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY });
  await done;
}

function isObject(value: unknown): value is RawRecord {
  return typeof value === "object" && value !== null;
}

/** The records of a file with a JSON object a line; a line that is none is a record without names. */
export async function* readNdjson(file: string): AsyncGenerator<RawRecord> {
  for await (const line of linesOf(file)) {
    if (line.trim() === "") continue;
    const value = parseJson(line);
    yield isObject(value) ? value : {};
  }
}

const COLUMNS = ["site_name", "point_name", "timestamp", "value"] as const;

/** The fields of a line (RFC 4180); null: a quote does not end, or text stands beside one. */
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

/** The records of a CSV file whose first line names its columns, in any order. @throws Error where one lacks */
export async function* readCsv(file: string): AsyncGenerator<RawRecord> {
  let columns: number[] | null = null;
  for await (const line of linesOf(file)) {
    if (line === "") continue;
    const fields = csvFields(columns === null ? line.replace(/^\uFEFF/, "") : line);
    if (columns === null) {
      columns = COLUMNS.map((name) => fields?.indexOf(name) ?? -1);
      const lacking = COLUMNS.filter((_, i) => columns?.[i] === -1);
      if (lacking.length > 0) throw new Error(`${file} has no column ${lacking.join(", ")} in its first line.`);
      continue;
    }
    const [site, point, timestamp, value] = columns.map((at) => fields?.[at]);
    // an empty field is SQL's null
    yield { site_name: site, point_name: point, timestamp, value: value === "" ? null : value };
  }
}
