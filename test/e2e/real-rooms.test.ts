import { loadCsvRooms } from "@building-vitals/ace-simulator/csv-rooms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { deploy, type Deployment, type SiteSync, syncToThePresent } from "./deployment.ts";
import { expectEverySample } from "./every-sample.ts";
import { hasRooms, roomPoint, type RoomPoint, ROOMS, RoomsOracle } from "./rooms-oracle.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

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
  let range: { start_time: string; end_time: string };
  let deployment: Deployment;
  let oracle: RoomsOracle;
  let points: RoomPoint[];
  let runs: SiteSync[];

  beforeAll(async () => {
    oracle = await RoomsOracle.open();
    const { first, last } = oracle.span;
    range = { start_time: String(first), end_time: String(last + 1) };
    deployment = await deploy(loadCsvRooms({ folder: ROOMS, shiftMs: oracle.shiftMs }), {
      // One hour more, because the first sync has not run yet.
      INITIAL_LOOKBACK_HOURS: String(Math.ceil((Date.now() - first) / HOUR_MS) + 1),
    });
    points = await oracle.points();
    runs = await syncToThePresent(deployment);
  });

  afterAll(() => deployment?.close());

  it("stores and counts as many samples as the files hold", () => {
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

  it("answers with every sample of every point, unaltered", async () => {
    const compared = await expectEverySample(deployment, oracle, points, ({ partial }) => expect(partial).toBe(false));
    expect(compared).toBe(points.reduce((sum, point) => sum + point.n, 0));
  });

  it.each([
    ["1min", 60_000],
    ["5min", 300_000],
    ["1hr", HOUR_MS],
    ["1day", DAY_MS],
  ])("aggregates to %s as DuckDB does", async (interval, length) => {
    const asked = points.filter((_, i) => i % 20 === 0);
    const answer = await deployment.query({ ...range, interval, tz: "UTC", point_names: asked.map(roomPoint).join() });
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
      // DuckDB adds in another order, so means may differ in their last bits.
      for (const [at, { mean }] of buckets.entries()) {
        expect(Math.abs(series.values[at]! - mean)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(mean)));
      }
    }
  });

  it("shows the real outage of 27 August 2013, 18:05 to 23:22, as missing", async () => {
    const day = Date.UTC(2013, 7, 27) + oracle.shiftMs;
    const answer = await deployment.query({
      start_time: String(day),
      end_time: String(day + DAY_MS),
      interval: "raw",
      point_names: roomPoint({ room: "413", quantity: "temperature" }),
    });
    const outage = answer.metadata.missing.find(([start, end]) => end - start > 5 * HOUR_MS);
    expect(outage?.map((time) => new Date(time - oracle.shiftMs).toISOString().slice(0, 16))).toEqual([
      "2013-08-27T18:05",
      "2013-08-27T23:22",
    ]);
    expect(answer.metadata.completeness).toBeLessThan(0.8);
  });

  it("a repeated sync is complete and writes nothing", async () => {
    const again = await deployment.trigger();
    expect(again).toMatchObject({ complete: true, recordsInserted: 0, recordsFailed: 0, errors: [] });
  });
});
