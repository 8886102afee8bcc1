import { beforeEach, describe, expect, test } from "vitest";
import { buildMonth, TEST_BUILD, writeDays } from "../../test/month-world.ts";
import { buildingPoint, type DayOfMonth, TEST_MONTH, TEST_SITE } from "../../test/arbitrary-day.ts";
import { DayFileChanged, DayFileCorrupt, DayFileMissing } from "../r2/file-error.ts";
import { MemoryBucket } from "../../test/memory-bucket.ts";
import { monthFileKey } from "../r2/month-file-key.ts";
import { DAY_MS } from "../domain/day.ts";
import { monthDays } from "../domain/month.ts";
import { mergePart } from "./merge-part.ts";
import { MonthBuildError, type MonthSource, type PartRange, type StagedPart } from "./month-build.ts";
import { deleteMonthStaging, stagedPartKey, stagedPointsKey } from "./month-staging.ts";
import { planParts } from "./plan-parts.ts";
import { putMonthFile, stagedLocators } from "./put-month-file.ts";

const KEY = monthFileKey(TEST_SITE, TEST_MONTH);
const START = monthDays(TEST_MONTH).first * DAY_MS;
const ALL: PartRange = { from: null, to: null };

/** A day of points with a sample a minute. */
function building(index: number, ids: readonly number[], minutes = 60): DayOfMonth {
  const points = ids.map((id) => {
    const { name, series } = buildingPoint(id, minutes);
    const times = series.times.map((time) => START + index * DAY_MS + (time % DAY_MS));
    return { name, series: { times, values: series.values } };
  });
  return { index, points: points.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

const IDS = Array.from({ length: 20 }, (_, i) => 11 + i);
let bucket: MemoryBucket;
let sources: MonthSource[];
/** The objects before a step, by key. */
let before: Map<string, unknown>;
beforeEach(async () => {
  bucket = new MemoryBucket();
  sources = await writeDays(bucket, [building(0, IDS), building(5, IDS.slice(3)), building(30, IDS.slice(0, 12))]);
  before = new Map(bucket.objects);
});

function expectNothingChanged(): void {
  expect(bucket.objects).toEqual(before);
  expect(bucket.open).toBe(0);
}

describe("a part is refused, and nothing is changed,", () => {
  test.each([1, 0x80])("if any read byte of a day file is flipped by %i", async (flip) => {
    const { key } = sources[1]!;
    const { bytes } = bucket.stored(key);
    for (let at = 4; at < bytes.length; at += 97) {
      const damaged = bytes.slice();
      damaged[at]! ^= flip;
      bucket.damage(key, damaged);
      before = new Map(bucket.objects);
      const outcome = await mergePart(bucket, TEST_BUILD, sources, ALL, 0).catch((error: unknown) => error);
      // Readers skip the names of sites.
      if (!(outcome instanceof DayFileCorrupt)) {
        expect(outcome).toMatchObject({ rows: 49 * 60 });
        bucket.objects.delete(stagedPartKey(TEST_BUILD, 0));
        bucket.objects.delete(stagedPointsKey(TEST_BUILD, 0));
      }
      expectNothingChanged();
    }
  });

  test("if a day file is another one, missing, or of another size", async () => {
    const first = sources[0]!;
    const merge = (source: MonthSource) => mergePart(bucket, TEST_BUILD, [source, ...sources.slice(1)], ALL, 0);
    await expect(merge({ ...first, etag: "another" })).rejects.toThrow(DayFileChanged);
    await expect(merge({ ...first, bytes: first.bytes + 1 })).rejects.toThrow(DayFileCorrupt);
    await expect(merge({ ...first, key: `${first.key}x` })).rejects.toThrow(DayFileMissing);
    await expect(planParts(bucket, [{ ...first, etag: "another" }])).rejects.toThrow(DayFileChanged);
    expectNothingChanged();
  });

  test("if a day file is published again between two requests", async () => {
    const { key } = sources[2]!;
    let gets = 0;
    const changing = new Proxy(bucket, {
      get: (target, name) => {
        if (name === "get" && ++gets === 5) target.objects.set(key, { ...target.stored(key), etag: "newer" });
        const member: unknown = Reflect.get(target, name);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    await expect(mergePart(changing, TEST_BUILD, sources, ALL, 0)).rejects.toThrow(DayFileChanged);
    expect([...bucket.objects.keys()]).toEqual([...before.keys()]);
  });

  test("if days are of another month, out of order, or misnamed", async () => {
    const [first, second, third] = [sources[0]!, sources[1]!, sources[2]!];
    const merge = (some: readonly MonthSource[]) => mergePart(bucket, TEST_BUILD, some, ALL, 0);
    for (const some of [[], [second, first], [first, first], [{ ...first, day: first.day - 1 }]]) {
      await expect(merge(some)).rejects.toThrow(MonthBuildError);
    }
    await expect(merge([{ ...first, day: first.day + 1 }, third])).rejects.toThrow(DayFileCorrupt);
    expectNothingChanged();
  });

  test("if it has no samples", async () => {
    const merging = mergePart(bucket, TEST_BUILD, sources, { from: "zz", to: null }, 0);
    await expect(merging).rejects.toThrow(MonthBuildError);
    expectNothingChanged();
  });
});

test("a month has points of up to a million samples", async () => {
  const rows = 250_000;
  const dense = (index: number, length: number): DayOfMonth => {
    const times = Float64Array.from({ length }, (_, i) => START + index * DAY_MS + i * 345);
    return { index, points: [{ name: "dense", series: { times, values: times.map((_, i) => i % 7) } }] };
  };
  const days = [dense(0, rows), dense(1, rows), dense(2, rows), dense(3, rows)];
  const built = await buildMonth(bucket, await writeDays(bucket, days));
  expect(built.rows).toBe(4 * rows);
  const withAnother = await writeDays(bucket, [...days, dense(4, 1)]);
  expect(await mergePart(bucket, TEST_BUILD, withAnother, ALL, 0)).toMatchObject({
    points: 0,
    rowsLeftOut: 4 * rows + 1,
  });
});

test("evenly spaced points have own row groups, others share them", async () => {
  const jitter = ({ index, points }: DayOfMonth): DayOfMonth => {
    const shaken = points.map(({ name, series }) => {
      const times = series.times.map((time, i) => time + ((index + i) % 9) * 11);
      return { name: `jittered/${name}`, series: { times, values: series.values } };
    });
    return { index, points: [...shaken, ...points] };
  };
  const { parts } = await buildMonth(
    bucket,
    await writeDays(
      bucket,
      [0, 1, 2].map((day) => jitter(building(day, IDS, 240))),
    ),
  );
  const located = await stagedLocators(bucket, TEST_BUILD, parts, 0);
  const groups = Map.groupBy(located, ({ locator }) => locator.group.offset);
  const sizes = [...groups.values()].map((points) => points.length);
  expect(sizes).toEqual([5, 5, 5, 5, ...IDS.map(() => 1)]);
});

describe("putting the file in its place", () => {
  let parts: StagedPart[];
  beforeEach(async () => {
    ({ parts } = await buildMonth(bucket, sources, 1_000));
    before = new Map(bucket.objects);
  });

  test("refuses missing, doubled or reordered parts, and other day files", async () => {
    const put = (some: readonly StagedPart[]) => putMonthFile(bucket, TEST_BUILD, sources, some);
    expect(parts.length).toBeGreaterThan(2);
    const again = { ...parts[0]!, number: parts.length };
    for (const some of [parts.slice(1), parts.slice(0, -1), [...parts, again], parts.toReversed(), []]) {
      await expect(put(some)).rejects.toThrow(MonthBuildError);
    }
    await expect(putMonthFile(bucket, TEST_BUILD, sources.slice(1), parts)).rejects.toThrow(MonthBuildError);
    const changed = [{ ...sources[0]!, etag: "another" }, ...sources.slice(1)];
    await expect(putMonthFile(bucket, TEST_BUILD, changed, parts)).rejects.toThrow(DayFileChanged);
    expectNothingChanged();
  });

  test("refuses a replaced, missing or damaged staged part", async () => {
    const key = stagedPartKey(TEST_BUILD, 1);
    const stored = bucket.stored(key);
    const put = () => putMonthFile(bucket, TEST_BUILD, sources, parts);
    bucket.objects.set(key, { ...stored, etag: "another" });
    await expect(put()).rejects.toThrow(DayFileChanged);
    bucket.objects.delete(key);
    await expect(put()).rejects.toThrow(DayFileMissing);
    for (let at = 0; at < stored.bytes.length; at += 101) {
      const bytes = stored.bytes.slice();
      bytes[at]! ^= 1;
      bucket.objects.set(key, { ...stored, bytes });
      await expect(put()).rejects.toThrow(DayFileCorrupt);
    }
    bucket.objects.set(key, stored);
    expect(bucket.stored(KEY)).toEqual(before.get(KEY));
    expect(bucket.open).toBe(0);
  });
});

test("only the objects that the build staged are deleted", async () => {
  await buildMonth(bucket, sources, 1_000);
  const others = ["staging/build_1/ses_falls_city/2025-10-12/00", "staging/build_2/ses_falls_city/2025-10/part-000"];
  for (const key of others) await bucket.put(key, "x");
  const kept = [...sources.map(({ key }) => key), KEY, ...others];
  await deleteMonthStaging(listing(bucket), TEST_BUILD);
  await deleteMonthStaging(listing(bucket), TEST_BUILD);
  expect([...bucket.objects.keys()].sort()).toEqual(kept.sort());
});

function listing({ objects }: MemoryBucket) {
  return {
    list: async ({ prefix }: { prefix: string }) => {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix));
      return { objects: keys.map((key) => ({ key, uploaded: new Date(0) })), truncated: false };
    },
    delete: async (keys: string[]) => keys.forEach((key) => objects.delete(key)),
  };
}
