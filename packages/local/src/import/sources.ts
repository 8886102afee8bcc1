import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readCsv, readNdjson } from "./read-lines.ts";
import { readParquet, readSqlite } from "./read-tables.ts";
import type { ReadRecord } from "./record.ts";

/** A file of the predecessor. */
export interface Source {
  readonly path: string;
  readonly bytes: number;
  /** epoch ms of its last change */
  readonly changed: number;
}

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

/** @throws where it is not what its name says */
export function readSource({ path }: Source): AsyncIterable<ReadRecord> | Iterable<ReadRecord> {
  const read = readerOf(path);
  if (read === undefined) throw new Error(`${path} is of no kind that is read here.`);
  return read(path);
}

/**
 * The files to read, in the order in which they were named, those of a folder by their names.
 * @returns also how many files of folders are of no kind that is read here
 * @throws Error for a name at which there is nothing, or a file of another kind
 */
export async function findSources(named: readonly string[]): Promise<{ sources: Source[]; others: number }> {
  const sources: Source[] = [];
  let others = 0;
  for (const path of named.map((name) => resolve(name))) {
    const about = await stat(path).catch(() => null);
    if (about === null) throw new Error(`There is nothing at ${path}.`);
    if (!about.isDirectory()) {
      if (readerOf(path) === undefined) throw new Error(`${path} is of no kind that is read here.`);
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
