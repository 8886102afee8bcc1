import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { LocalState } from "./local-state.ts";

/**
 * Times are TIMESTAMP, UTC. Of two samples at one point and time the one that was asked for later counts, as in the answers of the
 * query Worker: the hot one if it replaces the file's.
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

const FILES = `
SET VARIABLE files = (SELECT list(path) FROM files);
CREATE VIEW cold AS
  SELECT site_name, point_name, epoch_ms(timestamp) AS time, value FROM read_parquet(getvariable('files'))`;
const NO_FILES = `
CREATE VIEW cold AS SELECT site_name, point_name, time, value FROM hot WHERE false`;

/** A database in memory with the views `samples`, `points` and `hours` over a local state. The caller closes the connection. */
export async function openSampleViews(state: LocalState): Promise<DuckDBConnection> {
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(TABLES);
  await loadHot(connection, state);
  await loadPoints(connection, state);
  await openFiles(connection, state.dayFiles().paths);
  await connection.run(VIEWS);
  return connection;
}

async function openFiles(connection: DuckDBConnection, paths: readonly string[]): Promise<void> {
  const appender = await connection.createAppender("files");
  for (const path of paths) {
    appender.appendVarchar(path);
    appender.endRow();
  }
  appender.closeSync();
  await connection.run(paths.length === 0 ? NO_FILES : FILES);
}

async function loadHot(connection: DuckDBConnection, state: LocalState): Promise<void> {
  const appender = await connection.createAppender("hot");
  for (const { site, point, times, values, replaces } of state.hotSamples()) {
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

async function loadPoints(connection: DuckDBConnection, state: LocalState): Promise<void> {
  const insert = await connection.prepare(
    `INSERT INTO points SELECT ?, ?, ?, ?, ?, ?, ? <> 0, ?, make_timestamp(CAST(? AS BIGINT) * 1000),
      make_timestamp(CAST(? AS BIGINT) * 1000)`,
  );
  for (const point of state.points()) {
    insert.bind(Object.values(point));
    await insert.run();
  }
}
