import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readCsv, readNdjson } from "./read-lines.ts";
import { readParquet, readSqlite } from "./read-tables.ts";
import type { ReadRecord } from "./record.ts";

/** A file of the earlier system. */
export interface Source {
  readonly path: string;
  readonly bytes: number;
  /** time of its last change, epoch ms */
  readonly changed: number;
}

const EXPECTED = "expected .ndjson, .jsonl, .csv, .parquet, .sqlite or .db.";

type Read = (path: string) => AsyncIterable<ReadRecord> | Iterable<ReadRecord>;

const READERS: readonly (readonly [RegExp, Read])[] = [
  [/\.(nd|)jsonl?(\.gz)?$/i, readNdjson],
  [/\.csv(\.gz)?$/i, readCsv],
  [/\.parquet$/i, readParquet],
  [/\.(sqlite3?|db)$/i, readSqlite],
];

function readerOf(path: string): Read | undefined {
  return READERS.find(([name]) => name.test(path))?.[1];
}

/** @throws Error if the file's format does not match its name */
export function readSource({ path }: Source): AsyncIterable<ReadRecord> | Iterable<ReadRecord> {
  const read = readerOf(path);
  if (read === undefined) throw new Error(`${path}: ${EXPECTED}`);
  return read(path);
}

/**
 * The files to read, in the given order; those of a folder sorted by name.
 * @returns also the number of files in folders with other extensions
 * @throws Error for a missing path, or a file with another extension
 */
export async function findSources(named: readonly string[]): Promise<{ sources: Source[]; others: number }> {
  const sources: Source[] = [];
  let others = 0;
  for (const path of named.map((name) => resolve(name))) {
    const about = await stat(path).catch(() => null);
    if (about === null) throw new Error(`There is no file or folder ${path}.`);
    if (!about.isDirectory()) {
      if (readerOf(path) === undefined) throw new Error(`${path}: ${EXPECTED}`);
      sources.push({ path, bytes: about.size, changed: about.mtimeMs });
      continue;
    }
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) {
      if (readerOf(file) === undefined) others++;
      else {
        const { size, mtimeMs } = await stat(file);
        sources.push({ path: file, bytes: size, changed: mtimeMs });
      }
    }
  }
  return { sources, others };
}
