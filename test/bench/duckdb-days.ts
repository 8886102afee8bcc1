import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dayFileKey } from "@building-vitals/core/r2/day-file-key";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { Miniflare } from "miniflare";

/** Time that its runs of one question take together, but for the first three. */
const MOST_MS = 10_000;

/** The day files of a site, on disk, as DuckDB reads them. */
export class DuckDbDays {
  readonly #connection: DuckDBConnection;
  readonly #fileOf: (day: number) => string;

  private constructor(connection: DuckDBConnection, fileOf: (day: number) => string) {
    this.#connection = connection;
    this.#fileOf = fileOf;
  }

  /** Copies the files out of R2, those that the folder does not have. */
  static async open(miniflare: Miniflare, folder: string, site: string, days: readonly number[]): Promise<DuckDbDays> {
    await mkdir(folder, { recursive: true });
    const bucket = await miniflare.getR2Bucket("TIMESERIES");
    const fileOf = (day: number) => join(folder, `${day}.parquet`);
    for (const day of days) {
      const key = dayFileKey(site, day);
      const object = await bucket.get(key);
      if (object === null) throw new Error(`${key} is not there`);
      const kept = await stat(fileOf(day)).catch(() => null);
      if (kept?.size !== object.size) await writeFile(fileOf(day), new Uint8Array(await object.arrayBuffer()));
      else await object.body.cancel();
    }
    return new DuckDbDays(await (await DuckDBInstance.create()).connect(), fileOf);
  }

  close(): void {
    this.#connection.closeSync();
  }

  /**
   * Reads points of some days: at most `runs` times, and at least three, because one may take seconds.
   * @returns ms of each, with all rows fetched, but not turned into objects
   */
  async timeRuns(runs: number, names: readonly string[], days: readonly number[], samples: number): Promise<number[]> {
    const files = days.map((day) => `'${this.#fileOf(day)}'`).join();
    // A query a point, for DuckDB prunes row groups by the statistics of names where one name is asked for.
    const sql = names
      .map((name) => `'${name.replaceAll("'", "''")}'`)
      .map((name) => `SELECT point_name, timestamp, value FROM read_parquet([${files}]) WHERE point_name = ${name}`)
      .join(" UNION ALL ");
    const milliseconds: number[] = [];
    const began = performance.now();
    while (
      milliseconds.length < Math.min(3, runs) ||
      (milliseconds.length < runs && performance.now() - began < MOST_MS)
    ) {
      const started = performance.now();
      const chunks = await (await this.#connection.run(sql)).fetchAllChunks();
      milliseconds.push(performance.now() - started);
      const rows = chunks.reduce((sum, { rowCount }) => sum + rowCount, 0);
      if (rows !== samples) throw new Error(`DuckDB found ${rows} samples of ${samples}`);
    }
    return milliseconds;
  }
}
