import { beforeAll, describe, expect, it } from "vitest";
import { readCostsOptions } from "./costs-options.ts";
import type { Deployment } from "./deployment.ts";
import { type Measured, readMeasured } from "./measured.ts";
import { d1Bytes, monthParts, QUERY_MIX, usageOf } from "./month.ts";
import { NAIVE_LAYOUTS } from "./naive.ts";
import { jobCounts, moreParts, queryCounts } from "./one-run.ts";
import { yearOfBackfill } from "./one-time.ts";
import { billOf } from "./prices.ts";

const { deployment: SITE } = readCostsOptions([]);

let measured: Measured;
beforeAll(async () => {
  measured = await readMeasured();
});

const monthly = (changed: Partial<Deployment> = {}) => billOf(usageOf({ ...SITE, ...changed }, measured));
const rowsWritten = (changed: Partial<Deployment>) => usageOf({ ...SITE, ...changed }, measured).rowsWritten;

describe("one site at 6.6 million samples a day", () => {
  it("costs at most $10 a month above the plan", () => {
    expect(monthly().total).toBeLessThanOrEqual(10);
  });

  it("costs about $346 with a row a sample, integer keys and no index", () => {
    const rows = NAIVE_LAYOUTS.find(({ name }) => name === "row a sample, integer keys")!.usage(SITE, measured);
    expect(rows.rowsWritten).toBe(2 * 4_583 * 1_440 * 30);
    const { cost } = billOf(rows).lines.find(({ line }) => line === "rowsWritten")!;
    expect(cost).toBeCloseTo(345.97, 1);
  });

  it("reads 660 row groups a day for a point from files in time order", () => {
    const layout = NAIVE_LAYOUTS.find(({ name }) => name === "our D1, day files in time order")!;
    const [ours, theirs] = [usageOf({ ...SITE, monthFiles: false }, measured), layout.usage(SITE, measured)];
    expect(theirs.r2ClassB - ours.r2ClassB).toBe(5_000 * 30 * 660);
    expect(theirs.r2Storage / ours.r2Storage).toBeCloseTo(8.9 / measured.bytes.r2PerSample, 6);
  });
});

describe("a month", () => {
  it("has 288 syncs and 24 hourly runs a day, and all queries", () => {
    const runs = new Map(monthParts(SITE, measured).map((part) => [part.name, part.runs]));
    expect([runs.get("sync"), runs.get("hour"), runs.get("settledDay"), runs.get("dayEnd")]).toEqual([
      8_640, 720, 30, 30,
    ]);
    const asked = monthParts(SITE, measured).filter(({ name }) => QUERY_MIX.some((query) => query.name === name));
    expect(asked.reduce((sum, part) => sum + part.runs, 0)).toBeCloseTo(100_000, 6);
  });

  it("grows with the sites, except for the queries", () => {
    const [none, single, ten] = [
      usageOf({ ...SITE, queries: 0 }, measured),
      usageOf(SITE, measured),
      monthly({ sites: 10 }),
    ];
    expect(ten.lines[0]!.used).toBeCloseTo((10 * single.rowsWritten) / 1e6, 6);
    const reads = usageOf({ ...SITE, sites: 10 }, measured).rowsRead;
    expect(reads).toBeCloseTo(10 * none.rowsRead + (single.rowsRead - none.rowsRead), 0);
  });

  it("writes and deletes one row per block and sync, at any cadence", () => {
    const perPoint = (changed: Partial<Deployment>) =>
      (rowsWritten({ ...changed, points: 2_000 }) - rowsWritten({ ...changed, points: 1_000 })) / 1_000;
    for (const interval of [10, 600, 3_600]) expect(perPoint({ interval })).toBeCloseTo(perPoint({}), 6);
    // a segment, which is deleted again, and the newest samples of its block
    const perSync = (288 * 30) / 128;
    expect(perPoint({}) - perPoint({ syncMinutes: 15 })).toBeCloseTo(3 * perSync * (2 / 3), 0);
  });

  it("stores days in segments as samples, and all days as aggregates", () => {
    const addedBytes = (changed: Partial<Deployment>) =>
      d1Bytes({ ...SITE, ...changed }, measured) - d1Bytes(SITE, measured);
    expect(addedBytes({ segmentDays: 3 })).toBeCloseTo(4_583 * 1_440 * measured.bytes.d1PerSample, 0);
    expect(addedBytes({ years: 2 })).toBeCloseTo(4_583 * 365 * measured.bytes.d1PerPackedPointDay, 0);
    const { d1PerPointDay, d1PerPackedPointDay } = measured.bytes;
    const [few, many] = [{ years: 22 / 365 }, { years: 32 / 365 }].map((change) => addedBytes(change));
    // of 32 days the first nine are in a built month
    expect(many! - few!).toBeCloseTo(4_583 * (1 * d1PerPointDay + 9 * d1PerPackedPointDay), 0);
  });

  it("stores built months twice in R2 where the site keeps month files", () => {
    const addedBytes = (changed: Partial<Deployment>) =>
      usageOf({ ...SITE, ...changed, years: 2 }, measured).r2Storage -
      usageOf({ ...SITE, ...changed }, measured).r2Storage;
    const samples = 4_583 * 1_440 * 365;
    const { r2PerSample, r2MonthPerSample } = measured.bytes;
    expect(addedBytes({}) / samples).toBeCloseTo(r2PerSample + r2MonthPerSample, 6);
    expect(addedBytes({ monthFiles: false }) / samples).toBeCloseTo(r2PerSample, 6);
  });

  it("builds a month once, in parts of eight million samples", () => {
    const built = (points: number, monthFiles = true) =>
      jobCounts(monthFiles ? "builtMonth" : "packedMonth", { ...SITE, points }, measured);
    const runs = new Map(monthParts(SITE, measured).map((part) => [part.name, part.runs]));
    expect([runs.get("builtMonth"), runs.get("packedMonth")]).toEqual([1, undefined]);
    // begin, plan, part, put, publish, points, pack, note, end, staging, next; 198 million samples take 25 parts, 4,583 points 3 packs
    expect([built(100), built(4_583)].map(({ workflowSteps }) => workflowSteps)).toEqual([11, 11 + 24 + 2]);
    expect([built(100, false), built(4_583, false)].map(({ workflowSteps }) => workflowSteps)).toEqual([7, 7 + 2]);
    expect(built(4_583, false).r2ClassB).toBe(0);
    // 170 a part were counted of such a month with 26 parts (docs/decisions/0026)
    expect(built(4_583).r2ClassB / 25).toBeGreaterThan(170);
    expect(built(4_583).r2ClassB / 25).toBeLessThan(210);
  });

  it("reads a point's month in one request, for each month of the days", () => {
    const requests = (points: number, days: number) =>
      queryCounts("monthRaw", SITE, measured, { points, days }).r2ClassB;
    expect([requests(1, 30), requests(10, 30), requests(1, 360)]).toEqual([2, 20, 13]);
  });

  it("uploads a file of more than 8 MiB in parts", () => {
    expect([1, 8 * 2 ** 20, 8 * 2 ** 20 + 1, 17 * 2 ** 20].map(moreParts)).toEqual([0, 0, 3, 4]);
  });
});

it("a year's backfill requests each hour page by page", () => {
  const { counts, hours } = yearOfBackfill(SITE, measured);
  expect([counts.apiCalls, hours]).toEqual([365 * 24 * 3, (365 * 24 * 3) / 50 / 60]);
});
