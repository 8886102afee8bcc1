import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FaultPlanInput } from "@building-vitals/ace-simulator/faults/fault-plan";
import { loadCsvRooms } from "@building-vitals/ace-simulator/csv-rooms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { deploy, type Deployment, settleDue, syncToThePresent } from "./deployment.ts";
import { expectEverySample } from "./every-sample.ts";
import { copySomeRooms, hasRooms, roomPoint, type RoomPoint, RoomsOracle } from "./rooms-oracle.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS = 2;

const countSchema = z.object({ n: z.number() });

const title = hasRooms
  ? "two days of eight real rooms whose samples come hours and days late"
  : "SKIPPED, the folder ../shared/data is absent: two days of eight real rooms whose samples come late";

describe.skipIf(!hasRooms)(title, () => {
  let deployment: Deployment;
  let oracle: RoomsOracle;
  let points: RoomPoint[];
  let folder: string;
  let rooms: string;
  /** Number of samples in answers after each step of the clock. */
  const stored: number[] = [];

  async function countStored(): Promise<number> {
    const range = { start_time: String(oracle.span.first), end_time: String(oracle.span.last + 1) };
    const names = points.map(roomPoint).join();
    const { metadata } = await deployment.query({ ...range, interval: "1day", tz: "UTC", point_names: names });
    return metadata.total_samples;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "building-vitals-late-"));
    rooms = await copySomeRooms();
    oracle = await RoomsOracle.open(rooms, DAYS);
    points = await oracle.points();
    const { last } = oracle.span;
    const end = (Math.floor(last / DAY_MS) + 1) * DAY_MS;
    const settings = { INITIAL_LOOKBACK_HOURS: "30" };
    const rules: FaultPlanInput["rules"] = [
      { fault: "late", fraction: 0.4, minDelayMs: HOUR_MS, maxDelayMs: 9 * HOUR_MS },
      { fault: "late", fraction: 0.3, minDelayMs: 2 * DAY_MS, maxDelayMs: 5 * DAY_MS },
    ];
    // A first sync and the settling of the first day, then the settlings after three and after seven days.
    const [first, ...later] = [30 / 24 - DAYS, 3.1, 7.1].map((days) => end + days * DAY_MS);
    const source = loadCsvRooms({ folder: rooms, shiftMs: oracle.shiftMs });
    deployment = await deploy(source, settings, { rules }, first);
    for (const at of [first, ...later]) {
      if (at !== first) await deployment.moveClock(at!);
      await syncToThePresent(deployment);
      await settleDue(deployment.workers);
      stored.push(await countStored());
    }
  }, 300_000);

  afterAll(async () => {
    await deployment?.close();
    await Promise.all([folder, rooms].map((path) => rm(path, { recursive: true, force: true })));
  });

  it("stores more samples with each settling", () => {
    expect(stored.toSorted((a, b) => a - b)).toEqual(stored);
    expect(new Set(stored).size).toBe(stored.length);
  });

  it("ends with day files in which DuckDB finds every sample", async () => {
    const keys = await deployment.workers.listObjects("timeseries/");
    expect(keys).toHaveLength(DAYS);
    for (const [i, key] of keys.entries()) {
      await writeFile(join(folder, `${i}.parquet`), (await deployment.workers.readObject(key))!);
    }
    const inFiles = `SELECT epoch_ms("timestamp") AS time, point_name, value FROM '${folder}/*.parquet'`;
    const inCsv = `SELECT time, 'soda/sutardja_dai/' || room || '/' || quantity AS point_name, value FROM samples`;
    for (const difference of [`(${inFiles}) EXCEPT ALL (${inCsv})`, `(${inCsv}) EXCEPT ALL (${inFiles})`]) {
      const [rows] = await oracle.rows(countSchema, `SELECT count(*) AS n FROM (${difference})`);
      expect(rows, difference).toEqual({ n: 0 });
    }
  });

  it("answers with every sample of every point, unaltered", async () => {
    const compared = await expectEverySample(deployment, oracle, points, ({ partial }) => expect(partial).toBe(false));
    expect(compared).toBe(points.reduce((sum, point) => sum + point.n, 0));
    expect(stored.at(-1)).toBe(compared);
  });
});
