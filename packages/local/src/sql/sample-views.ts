import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { SampleSource } from "./sample-source.ts";

/**
 * Times are TIMESTAMP, UTC. Of two samples at one point and time the later requested one counts, as in the query
 * Worker's answers: the hot one if it replaces the file's.
 */
const VIEWS = `
CREATE VIEW samples AS
  SELECT site_name, point_name, make_timestamp(time * 1000) AS timestamp, value FROM hot h
  WHERE replaces OR NOT EXISTS (
    SELECT 1 FROM cold c WHERE c.site_name = h.site_name AND c.point_name = h.point_name AND c.time = h.time
  )
  UNION ALL
  SELECT site_name, point_name, make_timestamp(time * 1000), value FROM cold c
  WHERE NOT EXISTS (
    SELECT 1 FROM hot h
    WHERE h.site_name = c.site_name AND h.point_name = c.point_name AND h.time = c.time AND h.replaces
  );
CREATE VIEW hours AS
  SELECT site_name, point_name, date_trunc('hour', timestamp) AS hour, count(*) AS count, min(value) AS min,
    max(value) AS max, avg(value) AS avg
  FROM samples GROUP BY ALL`;

const TABLES = `
CREATE TABLE hot (site_name VARCHAR, point_name VARCHAR, time BIGINT, value DOUBLE, replaces BOOLEAN);
CREATE TABLE files (path VARCHAR);
CREATE TABLE points (site_name VARCHAR, point_name VARCHAR, unit VARCHAR, label VARCHAR, tags JSON, source VARCHAR,
  configured BOOLEAN, interval_s INTEGER, first_seen TIMESTAMP, last_seen TIMESTAMP)`;

const NO_FILES = `
CREATE VIEW cold AS SELECT site_name, point_name, time, value FROM hot WHERE false`;
const FILES = `
SET VARIABLE files = (SELECT list(path) FROM files);
CREATE OR REPLACE VIEW cold AS
  SELECT site_name, point_name, epoch_ms(timestamp) AS time, value FROM read_parquet(getvariable('files'))`;

/**
 * An in-memory database with the views `samples`, `points` and `hours` over a source. The caller closes the connection.
 * @param sql the later query: DuckDB checks it before samples are read
 */
export async function openSampleViews(source: SampleSource, sql: string): Promise<DuckDBConnection> {
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(TABLES);
  await connection.run(NO_FILES);
  await connection.run(VIEWS);
  await checkSql(connection, sql);
  await loadHot(connection, source);
  await loadPoints(connection, source);
  await openFiles(connection, await source.dayFiles());
  return connection;
}

/** @throws Error of DuckDB; Error for SQL without a statement */
async function checkSql(connection: DuckDBConnection, sql: string): Promise<void> {
  const statements = await connection.extractStatements(sql);
  if (statements.count === 0) throw new Error("The SQL has no statement.");
  // Only the first statement can be checked: it may create tables that the others read.
  (await statements.prepare(0)).destroySync();
}

async function openFiles(connection: DuckDBConnection, paths: readonly string[]): Promise<void> {
  const appender = await connection.createAppender("files");
  for (const path of paths) {
    appender.appendVarchar(path);
    appender.endRow();
  }
  appender.closeSync();
  if (paths.length > 0) await connection.run(FILES);
}

async function loadHot(connection: DuckDBConnection, source: SampleSource): Promise<void> {
  const appender = await connection.createAppender("hot");
  for await (const { site, point, times, values, replaces } of source.hotSamples()) {
    for (const [i, time] of times.entries()) {
      appender.appendVarchar(site);
      appender.appendVarchar(point);
      appender.appendBigInt(BigInt(time));
      appender.appendDouble(values[i]!);
      appender.appendBoolean(replaces[i]!);
      appender.endRow();
    }
  }
  appender.closeSync();
}

async function loadPoints(connection: DuckDBConnection, source: SampleSource): Promise<void> {
  const insert = await connection.prepare(
    `INSERT INTO points SELECT ?, ?, ?, ?, ?, ?, ?, ?, make_timestamp(CAST(? AS BIGINT) * 1000),
      make_timestamp(CAST(? AS BIGINT) * 1000)`,
  );
  for (const point of source.points()) {
    insert.bind([
      point.site_name,
      point.point_name,
      point.unit,
      point.label,
      point.tags,
      point.source,
      point.configured,
      point.interval_s,
      point.first_seen,
      point.last_seen,
    ]);
    await insert.run();
  }
}
