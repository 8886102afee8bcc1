import { DatabaseSync } from "node:sqlite";
import { zstdDecompressSync } from "node:zlib";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import type { ReadRecord } from "./record.ts";

const COLUMNS = ["site_name", "point_name", "timestamp", "value"];

/** Rows per decoded batch. */
const ROWS_AT_ONCE = 100_000;

/** The records of a Parquet file of any compression, with columns in any order. @throws Error for a missing column */
export async function* readParquet(path: string): AsyncGenerator<ReadRecord> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const names = new Set(parquetSchema(metadata).children.map(({ element }) => element.name));
  const lacking = COLUMNS.filter((name) => !names.has(name));
  if (lacking.length > 0) throw new Error(`${path} has no column ${lacking.join(", ")}.`);
  const compressors = { ZSTD: (bytes: Uint8Array) => new Uint8Array(zstdDecompressSync(bytes)) };
  const rows = Number(metadata.num_rows);
  for (let rowStart = 0; rowStart < rows; rowStart += ROWS_AT_ONCE) {
    const rowEnd = Math.min(rowStart + ROWS_AT_ONCE, rows);
    let at = rowStart;
    for (const row of await parquetReadObjects({ file, metadata, columns: COLUMNS, rowStart, rowEnd, compressors })) {
      const { site_name, point_name, timestamp, value } = row;
      yield { at: ++at, columns: { site_name, point_name, timestamp, value }, fault: null };
    }
  }
}

/** The records of the table `timeseries_raw` of an SQLite file. @throws SQLite's error */
export function* readSqlite(path: string): Generator<ReadRecord> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare("SELECT site_name, point_name, timestamp, value FROM timeseries_raw");
    // as BigInt, because an integer beyond 2^53 would be an error
    rows.setReadBigInts(true);
    let at = 0;
    for (const columns of rows.iterate()) yield { at: ++at, columns, fault: null };
  } finally {
    database.close();
  }
}
