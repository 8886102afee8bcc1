import { DatabaseSync } from "node:sqlite";
import { zstdDecompressSync } from "node:zlib";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import type { RawRecord } from "./record.ts";

const COLUMNS = ["site_name", "point_name", "timestamp", "value"];

/** Rows that are decoded at once. */
const ROWS_AT_ONCE = 100_000;

/** The records of a Parquet file, in whatever order and compression. @throws Error where a column lacks */
export async function* readParquet(path: string): AsyncGenerator<RawRecord> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const names = new Set(parquetSchema(metadata).children.map(({ element }) => element.name));
  const lacking = COLUMNS.filter((name) => !names.has(name));
  if (lacking.length > 0) throw new Error(`${path} has no column ${lacking.join(", ")}.`);
  const compressors = { ZSTD: (bytes: Uint8Array) => new Uint8Array(zstdDecompressSync(bytes)) };
  const rows = Number(metadata.num_rows);
  for (let rowStart = 0; rowStart < rows; rowStart += ROWS_AT_ONCE) {
    const rowEnd = Math.min(rowStart + ROWS_AT_ONCE, rows);
    for (const row of await parquetReadObjects({ file, metadata, columns: COLUMNS, rowStart, rowEnd, compressors })) {
      const { site_name, point_name, timestamp, value } = row;
      yield { site_name, point_name, timestamp, value };
    }
  }
}

/** The records of the table `timeseries_raw` of an SQLite file. @throws the error of SQLite */
export function* readSqlite(path: string): Generator<RawRecord> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    yield* database.prepare("SELECT site_name, point_name, timestamp, value FROM timeseries_raw").iterate();
  } finally {
    database.close();
  }
}
