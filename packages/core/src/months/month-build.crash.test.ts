import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { CrashPoint } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { monthLines, TEST_BUILD, writeDays } from "../../test/month-world.ts";
import { keysOf } from "../../test/stored-day.ts";
import { buildingDay, type DayOfMonth, TEST_MONTH, TEST_SITE, TEST_START } from "../../test/arbitrary-day.ts";
import { readPoints } from "../parquet/file-reader.ts";
import { monthFileKey } from "../r2/month-file-key.ts";
import { sampleLines } from "../../test/written-day.ts";
import { DAY_MS, dayStart } from "../domain/day.ts";
import { monthDays } from "../domain/month.ts";
import { mergePart } from "./merge-part.ts";
import type { MonthSource, PartRange, StagedPart } from "./month-build.ts";
import { deleteMonthStaging, stagedPartKey, stagedPointsKey } from "./month-staging.ts";
import { planParts } from "./plan-parts.ts";
import { putMonthFile, stagedLocators } from "./put-month-file.ts";

const bucket = env.TIMESERIES;
const KEY = monthFileKey(TEST_SITE, TEST_MONTH);
const PART_ROWS = 300;
const START = dayStart(monthDays(TEST_MONTH).first);

function dayOf(index: number, points: number): DayOfMonth {
  const moved = [...buildingDay(points, 10)].map(({ name, series: { times, values } }) => {
    return { name, series: { times: times.map((time) => time - TEST_START + START + index * DAY_MS), values } };
  });
  return { index, points: moved };
}

const DAYS = [dayOf(0, 9), dayOf(1, 26), dayOf(29, 14)];
let sources: MonthSource[];
let ranges: PartRange[];
const parts: StagedPart[] = [];
let file: { etag: string; bytes: number; rows: number };
/** All objects of the build in R2, by key. */
const built = new Map<string, Uint8Array>();

async function bytesOf(key: string): Promise<Uint8Array> {
  const object = await bucket.get(key);
  if (object === null) throw new Error(`${key} is not there`);
  return new Uint8Array(await object.arrayBuffer());
}

beforeAll(async () => {
  await migratedDatabase();
  sources = await writeDays(bucket, DAYS);
  ranges = await planParts(bucket, sources, PART_ROWS);
  for (const [number, range] of ranges.entries()) {
    parts.push(await mergePart(bucket, TEST_BUILD, sources, range, number));
  }
  file = await putMonthFile(bucket, TEST_BUILD, sources, parts);
  for (const key of await keysOf(bucket, "")) built.set(key, await bytesOf(key));
});

/**
 * Runs a step once for each of its R2 calls, crashing before or after that call, and checks the state. @returns calls
 */
async function dieEverywhere(
  prepare: () => Promise<unknown>,
  step: (through: R2Bucket) => Promise<unknown>,
  check: () => Promise<void>,
): Promise<number> {
  for (let nth = 0; ; nth++) {
    for (const kind of ["before", "after"] as const) {
      await prepare();
      const crash = new CrashPoint(nth, kind);
      const died = await step(crash.bucket(bucket)).then(
        () => false,
        () => true,
      );
      if (!crash.happened) return nth;
      expect(died).toBe(true);
      await check();
    }
  }
}

test("an uninterrupted build holds every sample once", async () => {
  expect(parts.length).toBeGreaterThan(1);
  const located = [];
  for (const { number } of parts) located.push(...(await stagedLocators(bucket, TEST_BUILD, parts, number)));
  const found = await readPoints(bucket, { key: KEY, month: TEST_MONTH, ...file }, located);
  expect(sampleLines(found)).toEqual(monthLines(DAYS));
});

test("planning that dies at any call plans the same parts again", async () => {
  const check = async () => expect(await planParts(bucket, sources, PART_ROWS)).toEqual(ranges);
  expect(
    await dieEverywhere(
      async () => {},
      (through) => planParts(through, sources, PART_ROWS),
      check,
    ),
  ).toBeGreaterThan(3);
});

test("a part that dies at any call is merged to the same objects", async () => {
  const [key, pointsKey] = [stagedPartKey(TEST_BUILD, 1), stagedPointsKey(TEST_BUILD, 1)];
  const merge = (through: R2Bucket) => mergePart(through, TEST_BUILD, sources, ranges[1]!, 1);
  const calls = await dieEverywhere(
    () => bucket.delete([key, pointsKey]),
    merge,
    async () => {
      expect(await merge(bucket)).toEqual(parts[1]);
      for (const staged of [key, pointsKey]) expect(await bytesOf(staged)).toEqual(built.get(staged));
    },
  );
  expect(calls).toBeGreaterThan(5);
});

test("putting that dies at any call leaves the old file, then the same file", async () => {
  const put = (through: R2Bucket) => putMonthFile(through, TEST_BUILD, sources, parts);
  const calls = await dieEverywhere(
    () => bucket.put(KEY, "the file before"),
    put,
    async () => {
      const found = await bytesOf(KEY);
      const isBefore = new TextDecoder().decode(found) === "the file before";
      expect(isBefore ? built.get(KEY) : found).toEqual(built.get(KEY));
      expect(await put(bucket)).toEqual(file);
      expect(await bytesOf(KEY)).toEqual(built.get(KEY));
    },
  );
  expect(calls).toBeGreaterThan(5);
});

test("cleanup that dies at any call deletes only its own, and can repeat", async () => {
  const kept = [KEY, ...sources.map(({ key }) => key)].sort();
  const restore = async () => {
    for (const [key, bytes] of built) await bucket.put(key, bytes);
  };
  const calls = await dieEverywhere(
    restore,
    (through) => deleteMonthStaging(through, TEST_BUILD),
    async () => {
      expect(await keysOf(bucket, "")).toEqual(expect.arrayContaining(kept));
      await deleteMonthStaging(bucket, TEST_BUILD);
      expect((await keysOf(bucket, "")).sort()).toEqual(kept);
    },
  );
  expect(calls).toBe(2);
});
