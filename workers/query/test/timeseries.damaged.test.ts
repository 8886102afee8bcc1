import { env } from "cloudflare:workers";
import { encodeSlice } from "@building-vitals/core/rollups/hour-slice";
import { changeLocators, insertPointDays, storedPointDays } from "@building-vitals/core/test/block-days";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { settle, clearCold, keyOf, manifestRow, writeDayFile } from "./settle-days.ts";
import { aroundRequests, changedBodies } from "./buckets.ts";
import { DAY, MINUTE } from "./naive.ts";
import {
  clear,
  migrate,
  point,
  queryJson,
  type Sample,
  setWatermark,
  SITE,
  storePoints,
  storeSamples,
} from "./service.ts";

const FIRST = Date.UTC(2025, 9, 12) / DAY;
/** The damaged day, between two undamaged days. */
const HURT = FIRST + 1;
/** The gap that the cadence shows, from the sample before. */
const hurt: [number, number] = [HURT * DAY - 10 * MINUTE + 1, (HURT + 1) * DAY];

let names = new Map<number, string>();
let ids: number[] = [];
let samples: Sample[] = [];

beforeAll(migrate);
let log = vi.spyOn(console, "log");
afterEach(() => vi.restoreAllMocks());
beforeEach(async () => {
  log = vi.spyOn(console, "log").mockReturnValue();
  await clear();
  await clearCold();
  const all = Array.from({ length: 12 }, (_, i) => `p${String(i).padStart(2, "0")}`);
  ids = await storePoints(
    SITE,
    all.map((name) => point(name, { intervalS: 600 })),
  );
  names = new Map(ids.map((id, i) => [id, all[i]!]));
  samples = ids.flatMap((id) =>
    Array.from({ length: 3 * 144 }, (_, i): Sample => [id, FIRST * DAY + i * 10 * MINUTE, (id % 7) + Math.sin(i)]),
  );
  await settle(samples, names);
  await setWatermark(SITE, (FIRST + 3) * DAY);
});

const ASKED = ["p01", "p10"];

async function ask(settings?: Record<string, unknown>, points = ASKED) {
  const [start, end] = [FIRST * DAY, (FIRST + 3) * DAY];
  const asked = { site_name: SITE, point_names: points, start_time: start, end_time: end, interval: "raw" };
  const { series, metadata } = await queryJson(asked, settings);
  return {
    rows: series.flatMap((one) => one.timestamps.map((at, i) => [one.point_name, at, one.values[i]])),
    metadata,
  };
}

/** The expected rows, without the samples of some days. */
function expected(without: readonly number[] = [], points = ASKED) {
  return samples
    .filter(([id, at]) => points.includes(names.get(id)!) && !without.includes(Math.floor(at / DAY)))
    .map(([id, at, value]) => [names.get(id), at, value]);
}

async function expectWithoutHurt(settings?: Record<string, unknown>) {
  const { rows, metadata } = await ask(settings);
  expect(rows).toEqual(expected([HURT]));
  expect(metadata).toMatchObject({ partial: true, missing: [hurt], completeness: 0.6666, sources: ["R2"] });
  return metadata;
}

async function fileBytes(): Promise<Uint8Array> {
  return new Uint8Array(await (await env.TIMESERIES.get(keyOf(HURT)))!.arrayBuffer());
}

test("undamaged: complete, with one request per day and row group", async () => {
  const { rows, metadata } = await ask();
  expect(rows).toEqual(expected());
  expect(metadata).toMatchObject({ partial: false, missing: [], completeness: 1, pending: null });
  expect(metadata.storage_tiers.cold).toMatchObject({ samples: 2 * 3 * 144, files: 3 });
});

describe("a file that differs from the manifest", () => {
  const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 16 : byte));
  test.each<[string, (bytes: Uint8Array) => Promise<unknown>]>([
    ["deleted", () => env.TIMESERIES.delete(keyOf(HURT))],
    ["truncated", (bytes) => env.TIMESERIES.put(keyOf(HURT), bytes.slice(0, bytes.length / 2))],
    ["emptied", () => env.TIMESERIES.put(keyOf(HURT), "")],
    ["a bit flipped", (bytes) => env.TIMESERIES.put(keyOf(HURT), flipped(bytes, 100))],
    ["no Parquet", () => env.TIMESERIES.put(keyOf(HURT), "x".repeat(100_000))],
    ["a foreign day file", () => writeDayFile([[ids[1]!, HURT * DAY, 99]], names)],
    [
      "a build's metadata that no build has announced",
      (bytes) =>
        env.TIMESERIES.put(keyOf(HURT), flipped(bytes, 100), { customMetadata: { sha256: "00", generation: "2" } }),
    ],
  ])("%s: its day is missing and suspect, and not read again", async (_, damage) => {
    await damage(await fileBytes());
    await expectWithoutHurt();
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("day_file_unreadable"));
    const row = await manifestRow(HURT);
    expect(row).toMatchObject({ state: "suspect", reason: expect.stringContaining(keyOf(HURT)) });
    expect(await manifestRow(HURT - 1)).toEqual({ state: "written", reason: null });

    const keys = new Set<string>();
    const bucket = aroundRequests(env.TIMESERIES, (request, key) => {
      keys.add(key);
      return request();
    });
    await expectWithoutHurt({ TIMESERIES: bucket });
    expect([...keys].sort()).toEqual([keyOf(HURT - 1), keyOf(HURT + 1)]);
  });

  test("hot samples of a suspect day are still answered", async () => {
    await storeSamples([[ids[1]!, HURT * DAY + 5, 5]]);
    await env.TIMESERIES.delete(keyOf(HURT));
    const { rows, metadata } = await ask();
    expect(rows).toHaveLength(2 * 2 * 144 + 1);
    expect(rows).toContainEqual(["p01", HURT * DAY + 5, 5]);
    expect(metadata).toMatchObject({ partial: true, missing: [hurt], sources: ["D1", "R2"] });
  });

  test("the same bytes put again are the same file", async () => {
    await env.TIMESERIES.put(keyOf(HURT), await fileBytes());
    expect((await ask()).rows).toEqual(expected());
  });

  test("a point without a cadence: the whole day is missing", async () => {
    await env.DB.prepare("UPDATE points SET interval_s = NULL").run();
    // Another order of points, so another question: a cached answer of this state would be right.
    expect((await ask({}, ASKED.toReversed())).metadata).toMatchObject({ partial: false, missing: [] });
    await env.TIMESERIES.delete(keyOf(HURT));
    const missing = [[HURT * DAY, (HURT + 1) * DAY]];
    for (const _ of ["found", "known"]) expect((await ask()).metadata).toMatchObject({ partial: true, missing });
  });

  test("a range within the day is missing", async () => {
    await env.TIMESERIES.delete(keyOf(HURT));
    const range = { start_time: HURT * DAY + 7, end_time: HURT * DAY + 9 };
    const { metadata } = await queryJson({ site_name: SITE, point_names: "p01", interval: "raw", ...range });
    expect(metadata).toMatchObject({ partial: true, missing: [[HURT * DAY + 7, HURT * DAY + 9]], total_samples: 0 });
  });
});

describe("wrong locators in the manifest", () => {
  const PARTS = ["offset", "timeBytes", "nameBytes", "valueBytes", "rows", "crc32", "firstRow", "ownRows"] as const;
  const idOf = (name: string) => ids[[...names.values()].indexOf(name)]!;
  type Change = (numbers: readonly number[]) => readonly number[];
  /** Changes the locator of a point of the day. */
  const relocate = (name: string, change: Change) =>
    changeLocators(env.DB, (numbers, { pointId, day }) =>
      pointId === idOf(name) && day === HURT ? change(numbers) : numbers,
    );
  const changed =
    (part: (typeof PARTS)[number], to: (value: number) => number): Change =>
    (numbers) =>
      numbers.with(PARTS.indexOf(part), to(numbers[PARTS.indexOf(part)]!));
  test.each<[string, string[], string, Change]>([
    ["no offset", ASKED, "p10", changed("offset", () => 0)],
    ["nothing", ASKED, "p01", () => [0, 0, 0, 0, 0, 0, 0, 0]],
    ["more rows than the row group", ASKED, "p10", changed("firstRow", (row) => row + 1e6)],
    ["another extent than a neighbour's", ["p01", "p02"], "p02", changed("nameBytes", (bytes) => bytes + 1)],
    ["within another row group", ASKED, "p10", () => [7, 1, 1, 1, 144, 0, 0, 144]],
    ["one byte too far", ASKED, "p10", changed("offset", (offset) => offset + 1)],
    ["beyond the end of the file", ASKED, "p10", changed("offset", (offset) => offset + 1e9)],
    ["another checksum", ASKED, "p10", changed("crc32", (crc) => (crc ^ 1) >>> 0)],
    ["another first row", ASKED, "p01", changed("firstRow", (row) => row + 1)],
    ["fewer rows than the point has", ASKED, "p10", changed("ownRows", (rows) => rows - 1)],
  ])("%s: the footer finds the point, and nothing is missing", async (...given) => {
    const [, asked, name, change] = given;
    await relocate(name, change);
    const { rows, metadata } = await ask({}, asked);
    expect(rows).toEqual(expected([], asked));
    expect(metadata).toMatchObject({ partial: false, missing: [], completeness: 1 });
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/locators_wrong.*2025-10-13/));
    expect(await manifestRow(HURT)).toEqual({ state: "written", reason: null });
  });

  test("a locator of another row group loses no sample", async () => {
    let other: readonly number[] = [];
    await relocate("p10", (numbers) => (other = numbers));
    await relocate("p01", () => other);
    const { rows, metadata } = await ask();
    expect(rows).toEqual(expected());
    expect(metadata.partial).toBe(false);
  });

  test("a point missing from the file costs its own day only", async () => {
    const [id] = await storePoints(SITE, [point("p99", { intervalS: 600 })]);
    const days = (await storedPointDays(env.DB)).filter(({ day }) => day === HURT);
    const tenth = days.find(({ pointId }) => pointId === ids[10])!;
    const slices = [...days, { ...tenth, pointId: id! }].map((one) => ({ ...one, slice: encodeSlice(one) }));
    await insertPointDays(env.DB, HURT, slices);
    const { rows, metadata } = await ask({}, ["p01", "p99"]);
    expect(rows).toEqual(expected([], ["p01"]));
    expect(metadata).toMatchObject({ partial: true, missing: [[FIRST * DAY, (FIRST + 3) * DAY]] });
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/locators_wrong.*"absent":"p99"/));
    expect(await manifestRow(HURT)).toEqual({ state: "written", reason: null });
  });

  test("a wrong locator and a damaged file: the day is missing and suspect", async () => {
    await relocate(
      "p01",
      changed("crc32", (crc) => (crc ^ 1) >>> 0),
    );
    const bytes = await fileBytes();
    bytes[100]! ^= 16;
    const { etag } = (await env.TIMESERIES.put(keyOf(HURT), bytes))!;
    await env.DB.prepare("UPDATE day_files SET etag = ?2 WHERE day = ?1").bind(HURT, etag).run();
    await expectWithoutHurt();
    expect(await manifestRow(HURT)).toMatchObject({ state: "suspect" });
  });

  test("the wrong locator of another point has no effect", async () => {
    await relocate("p05", () => [0, 0, 0, 0, 0, 0, 0, 0]);
    expect((await ask()).rows).toEqual(expected());
    expect(log).not.toHaveBeenCalled();
  });
});

/** Damages the object and sets the manifest's etag to that of the damaged object, like damage on disk. */
describe("a file of another size than its metadata", () => {
  test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ["one byte shorter", (bytes) => bytes.slice(0, -1)],
    ["one byte longer", (bytes) => Uint8Array.of(...bytes, 0)],
  ])("%s: its day is missing and suspect", async (_, resize) => {
    const { etag } = (await env.TIMESERIES.put(keyOf(HURT), resize(await fileBytes())))!;
    await env.DB.prepare("UPDATE day_files SET etag = ?2 WHERE day = ?1").bind(HURT, etag).run();
    await expectWithoutHurt();
    const reason = expect.stringMatching(/the file has \d+ bytes, the manifest states \d+/);
    expect(await manifestRow(HURT)).toEqual({ state: "suspect", reason });
  });
});

describe("damage that the etag does not show", () => {
  test("any flipped bit or cut: a complete or partial answer, never a wrong one", async () => {
    const outcomes = { whole: 0, partial: 0 };
    const damage = fc.noBias(fc.record({ at: fc.nat(2 ** 20 - 1), bit: fc.nat(8) }));
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, bit }) => {
        await env.DB.prepare("UPDATE day_files SET state = 'written'").run();
        const bucket = changedBodies(env.TIMESERIES, (body, key) => {
          if (key !== keyOf(HURT)) return body;
          const bytes = new Uint8Array(body);
          const index = Math.floor((at / 2 ** 20) * bytes.length);
          if (bit === 8) return body.slice(0, index);
          bytes[index]! ^= 1 << bit;
          return body;
        });
        const { rows, metadata } = await ask({ TIMESERIES: bucket });
        if (metadata.partial) {
          expect(rows).toEqual(expected([HURT]));
          expect(metadata.missing).toEqual([hurt]);
          expect(await manifestRow(HURT)).toMatchObject({ state: "suspect" });
        } else {
          expect(rows).toEqual(expected());
        }
        outcomes[metadata.partial ? "partial" : "whole"]++;
      }),
      { numRuns: 60 },
    );
    // Bytes between the row groups hold no data; a change there has no effect.
    expect(outcomes.partial).toBeGreaterThan(30);
  });
});

describe("R2 fails", () => {
  test("once: the request is repeated", async () => {
    let failures = 0;
    const bucket = aroundRequests(env.TIMESERIES, async (request, key) => {
      if (key === keyOf(HURT) && failures++ === 0) throw new Error("get: We encountered an internal error (10001)");
      return request();
    });
    const { rows, metadata } = await ask({ TIMESERIES: bucket });
    expect(rows).toEqual(expected());
    expect(metadata.partial).toBe(false);
  });

  test("always: the day is missing, and its file does not become suspect", async () => {
    const bucket = aroundRequests(env.TIMESERIES, async (request, key) => {
      if (key === keyOf(HURT)) throw new Error("get: We encountered an internal error (10001)");
      return request();
    });
    await expectWithoutHurt({ TIMESERIES: bucket });
    expect(await manifestRow(HURT)).toEqual({ state: "written", reason: null });
    expect((await ask()).rows).toEqual(expected());
  });
});
