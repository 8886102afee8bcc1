import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadCsvRooms } from "@building-vitals/ace-simulator/csv-rooms";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { deploy, type Deployment, type SiteSync, syncToThePresent } from "./deployment.ts";

const ROOMS = fileURLToPath(new URL("../../../shared/data/sutardja-dai", import.meta.url));
const hasRooms = existsSync(ROOMS);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const COLUMNS = ["co2", "humidity", "light", "pir", "temperature"] as const;
/** Points asked for in one query: 20 of them are 200,000 values. */
const POINTS_A_QUERY = 20;

/** What DuckDB, which shares no code with us, reads from the CSV files. */
class Oracle {
  readonly #connection: Awaited<ReturnType<DuckDBInstance["connect"]>>;

  private constructor(connection: Awaited<ReturnType<DuckDBInstance["connect"]>>) {
    this.#connection = connection;
  }

  static async open(): Promise<Oracle> {
    const connection = await (await DuckDBInstance.create()).connect();
    const columns = `{'timestamp': 'TIMESTAMP', ${COLUMNS.map((name) => `'${name}': 'DOUBLE'`).join(", ")}}`;
    await connection.run(
      `CREATE TABLE samples AS
       SELECT regexp_extract(filename, '([0-9]+)[.]csv[.]gz$', 1) AS room, quantity, value,
         epoch_ms(timestamp) AS time
       FROM (UNPIVOT (SELECT * FROM read_csv('${ROOMS}/*.csv.gz', columns = ${columns}, header = true, filename = true))
         ON ${COLUMNS.join(", ")} INTO NAME quantity VALUE value)`,
    );
    return new Oracle(connection);
  }

  /** Moves every sample by some milliseconds. */
  async shift(ms: number): Promise<void> {
    await this.#connection.run(`UPDATE samples SET time = time + ${ms}`);
  }

  async rows<S extends z.ZodType>(schema: S, sql: string): Promise<z.output<S>[]> {
    const reader = await this.#connection.runAndReadAll(sql);
    const number = (value: unknown) => (typeof value === "bigint" ? Number(value) : value);
    return z
      .array(schema)
      .parse(
        reader.getRowObjects().map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, number(v)]))),
      );
  }
}

const spanSchema = z.object({ first: z.number(), last: z.number() });
const pointSchema = z.object({ room: z.string(), quantity: z.string(), n: z.number() });
const sampleSchema = z.object({ time: z.number(), value: z.number() });
const bucketSchema = z.object({
  time: z.number(),
  mean: z.number(),
  least: z.number(),
  greatest: z.number(),
  n: z.number(),
});

const title = hasRooms
  ? "nine days of 25 real rooms, from the API to the query"
  : "SKIPPED, the folder ../shared/data is absent: nine days of 25 real rooms";

describe.skipIf(!hasRooms)(title, () => {
  const nameOf = (point: { room: string; quantity: string }) => `soda/sutardja_dai/${point.room}/${point.quantity}`;
  /** from 2013 to the recent past, in whole days, so that the hours of the day stay what they were */
  let shiftMs: number;
  let range: { start_time: string; end_time: string };
  let deployment: Deployment;
  let oracle: Oracle;
  let points: z.infer<typeof pointSchema>[];
  let runs: SiteSync[];

  beforeAll(async () => {
    oracle = await Oracle.open();
    const [span] = await oracle.rows(spanSchema, "SELECT min(time) AS first, max(time) AS last FROM samples");
    const { first, last } = span!;
    shiftMs = Math.floor((Date.now() - last) / DAY_MS) * DAY_MS;
    await oracle.shift(shiftMs);
    range = { start_time: String(first + shiftMs), end_time: String(last + shiftMs + 1) };
    const lookbackHours = Math.ceil((Date.now() - first - shiftMs) / HOUR_MS);
    deployment = await deploy(loadCsvRooms({ folder: ROOMS, shiftMs }), {
      INITIAL_LOOKBACK_HOURS: String(lookbackHours),
    });
    points = await oracle.rows(
      pointSchema,
      "SELECT room, quantity, count(*) AS n FROM samples GROUP BY ALL ORDER BY ALL",
    );
    runs = await syncToThePresent(deployment);
  });

  afterAll(() => deployment?.close());

  it("stores as many samples as the files hold, and says so", () => {
    const held = points.reduce((sum, point) => sum + point.n, 0);
    expect(held).toBeGreaterThan(1_250_000);
    expect(points).toHaveLength(125);
    expect(runs.reduce((sum, run) => sum + run.recordsInserted, 0)).toBe(held);
    for (const run of runs) {
      const rejected = Object.values(run.recordsRejected).reduce((sum, n) => sum + n, 0);
      expect(run.recordsFetched).toBe(run.recordsInserted + run.recordsUnchanged + run.recordsFailed + rejected);
      expect(run).toMatchObject({ recordsFailed: 0, recordsRejected: {}, errors: [] });
    }
  });

  it("answers with every sample of every point, none lost, none invented, none altered", async () => {
    let compared = 0;
    for (let first = 0; first < points.length; first += POINTS_A_QUERY) {
      const asked = points.slice(first, first + POINTS_A_QUERY);
      const answer = await deployment.query({ ...range, interval: "raw", point_names: asked.map(nameOf).join() });
      expect(answer.series.map((series) => series.point_name)).toEqual(asked.map(nameOf));
      for (const [i, series] of answer.series.entries()) {
        const { room, quantity } = asked[i]!;
        const held = await oracle.rows(
          sampleSchema,
          `SELECT time, value FROM samples WHERE room = '${room}' AND quantity = '${quantity}' ORDER BY time`,
        );
        expect(series.timestamps).toEqual(held.map((sample) => sample.time));
        const altered = series.values.findIndex((value, at) => !Object.is(value, held[at]!.value));
        expect(altered, `an altered value of ${series.point_name}`).toBe(-1);
        compared += held.length;
      }
    }
    expect(compared).toBe(points.reduce((sum, point) => sum + point.n, 0));
  });

  it.each([
    ["1min", 60_000],
    ["5min", 300_000],
    ["1hr", HOUR_MS],
    ["1day", DAY_MS],
  ])("aggregates to %s as DuckDB does", async (interval, length) => {
    const asked = points.filter((_, i) => i % 20 === 0);
    const answer = await deployment.query({ ...range, interval, tz: "UTC", point_names: asked.map(nameOf).join() });
    for (const [i, series] of answer.series.entries()) {
      const { room, quantity } = asked[i]!;
      const buckets = await oracle.rows(
        bucketSchema,
        `SELECT time // ${length} * ${length} AS time, avg(value) AS mean, min(value) AS least, max(value) AS greatest,
           count(*) AS n
         FROM samples WHERE room = '${room}' AND quantity = '${quantity}' GROUP BY 1 ORDER BY 1`,
      );
      expect(series.timestamps).toEqual(buckets.map((bucket) => bucket.time));
      expect(series.min).toEqual(buckets.map((bucket) => bucket.least));
      expect(series.max).toEqual(buckets.map((bucket) => bucket.greatest));
      expect(series.count).toEqual(buckets.map((bucket) => bucket.n));
      // The order of additions is DuckDB's own, so means may differ in their last bits.
      for (const [at, { mean }] of buckets.entries()) {
        expect(Math.abs(series.values[at]! - mean)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(mean)));
      }
    }
  });

  it("shows the real outage of 27 August 2013, 18:05 to 23:22, as missing", async () => {
    const day = Date.UTC(2013, 7, 27) + shiftMs;
    const answer = await deployment.query({
      start_time: String(day),
      end_time: String(day + DAY_MS),
      interval: "raw",
      point_names: nameOf({ room: "413", quantity: "temperature" }),
    });
    const outage = answer.metadata.missing.find(([start, end]) => end - start > 5 * HOUR_MS);
    expect(outage?.map((time) => new Date(time - shiftMs).toISOString().slice(0, 16))).toEqual([
      "2013-08-27T18:05",
      "2013-08-27T23:22",
    ]);
    expect(answer.metadata.completeness).toBeLessThan(0.8);
  });

  it("is complete and writes nothing when it is run again", async () => {
    const again = await deployment.trigger();
    expect(again).toMatchObject({ complete: true, recordsInserted: 0, recordsFailed: 0, errors: [] });
  });
});
