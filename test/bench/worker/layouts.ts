import type { PointSamples } from "@building-vitals/core/domain/samples";
import type { TimeRange } from "@building-vitals/core/domain/time-range";
import { readSeries } from "@building-vitals/core/store/read-segments";
import { storeSamples } from "@building-vitals/core/store/store-samples";

/** A layout of samples in D1. */
export interface Layout {
  readonly name: string;
  readonly schema: readonly string[];
  /** Stores samples; existing ones stay. */
  write(db: D1Database, samples: PointSamples): Promise<void>;
  /** Reads the points' samples of a range. @returns their number */
  read(db: D1Database, pointIds: readonly number[], range: TimeRange): Promise<number>;
}

/** Rows per statement of the naive layouts: their bound JSON texts have the same limit as this project's. */
const MAX_ROWS_PER_STATEMENT = 30_000;

async function writeRows(db: D1Database, sql: string, samples: PointSamples, keyOf: (id: number) => string | number) {
  const rows = Array.from({ length: samples.length }, (_, i) => i);
  // Inserts by key, which is fastest; the order of arrival takes twice as long.
  rows.sort((a, b) => samples.pointIds[a]! - samples.pointIds[b]! || samples.times[a]! - samples.times[b]!);
  const statements: D1PreparedStatement[] = [];
  for (let first = 0; first < rows.length; first += MAX_ROWS_PER_STATEMENT) {
    const slice = rows.slice(first, first + MAX_ROWS_PER_STATEMENT);
    const values = slice.map((i) => [keyOf(samples.pointIds[i]!), samples.times[i]!, samples.values[i]!]);
    statements.push(db.prepare(sql).bind(JSON.stringify(values)));
  }
  await db.batch(statements);
}

/** A name as long as most names of a real site. */
function pointName(id: number): string {
  return `ses/ses_falls_city/8000:33-8033/analogValue/${String(id).padStart(5, "0")}`;
}

/** The site of all points. */
const SITE_ID = 1;

/** This project's layout: a row per block of points, day and sync. The caller applies the migrations. */
export const SEGMENTS: Layout = {
  name: "segments (this project)",
  schema: [],
  write: async (db, samples) => {
    await storeSamples({ db, siteId: SITE_ID, now: Date.now }, samples, Date.now());
  },
  read: async (db, pointIds, range) => {
    const series = await readSeries(db, SITE_ID, pointIds, range);
    return [...series.values()].reduce((sum, { times }) => sum + times.length, 0);
  },
};

/** A row a sample under integer keys. */
export const INTEGER_ROWS: Layout = {
  name: "row per sample, integer keys",
  schema: [
    `CREATE TABLE samples (point_id INTEGER NOT NULL, time INTEGER NOT NULL, value REAL NOT NULL,
      PRIMARY KEY (point_id, time)) STRICT, WITHOUT ROWID`,
  ],
  write: (db, samples) =>
    writeRows(
      db,
      `INSERT INTO samples SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
       ON CONFLICT DO UPDATE SET value = excluded.value WHERE value IS NOT excluded.value`,
      samples,
      (id) => id,
    ),
  read: (db, pointIds, range) =>
    readRows(db, "SELECT point_id, time, value FROM samples WHERE point_id", pointIds, range),
};

/** A row a sample under text keys, as in the predecessor, but without its three further indexes. */
export const TEXT_ROWS: Layout = {
  name: "row per sample, text keys",
  schema: [
    `CREATE TABLE samples (site_name TEXT NOT NULL, point_name TEXT NOT NULL, time INTEGER NOT NULL, value REAL NOT NULL,
      PRIMARY KEY (site_name, point_name, time)) STRICT, WITHOUT ROWID`,
  ],
  write: (db, samples) =>
    writeRows(
      db,
      `INSERT INTO samples SELECT 'ses_falls_city', value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
       ON CONFLICT DO UPDATE SET value = excluded.value WHERE value IS NOT excluded.value`,
      samples,
      pointName,
    ),
  read: (db, pointIds, range) =>
    readRows(
      db,
      "SELECT point_name, time, value FROM samples WHERE site_name = 'ses_falls_city' AND point_name",
      pointIds.map(pointName),
      range,
    ),
};

async function readRows(db: D1Database, select: string, keys: readonly (string | number)[], range: TimeRange) {
  const sql = `${select} IN (SELECT value FROM json_each(?1)) AND time >= ?2 AND time < ?3`;
  const rows = await db
    .prepare(sql)
    .bind(JSON.stringify(keys), range.start, range.end)
    .raw<[unknown, number, number]>();
  const times = new Float64Array(rows.length);
  const values = new Float64Array(rows.length);
  for (const [i, [, time, value]] of rows.entries()) {
    times[i] = time;
    values[i] = value;
  }
  return values.length;
}
