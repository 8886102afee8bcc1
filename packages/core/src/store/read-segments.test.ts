import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { allSegments, emptyStore, NaiveStore, samplesOf, siteWithPoints } from "../../test/naive-store.ts";
import { pointSamples, type Sample } from "../../test/points.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { touchHours } from "./hot-hours.ts";
import { segmentJson } from "./new-segments.ts";
import { insertSegments } from "./segment-rows.ts";
import {
  NOTHING_BESIDE,
  readHour,
  readSeries,
  readSeriesBeside,
  readSeriesOfHours,
  refuseDamaged,
} from "./read-segments.ts";
import { segmentKey } from "./segment-key.ts";
import { storeSamples } from "./store-samples.ts";
import type { StoredSeries } from "./stored-series.ts";

const FIRST_DAY = 20_373;
const DAY = FIRST_DAY * DAY_MS;
const MANY = Array.from({ length: 1_300 }, (_, i) => 1_024 + i);
const SITES = new Map([
  [1, [1, 2, 200]],
  [2, [256, 300]],
]);

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  for (const [siteId, ids] of SITES) await siteWithPoints(db, siteId, ids);
  await siteWithPoints(db, 3, MANY);
});
beforeEach(() => emptyStore(db));

const store = (siteId: number, samples: readonly Sample[], asked: number) =>
  storeSamples({ db, siteId, now: () => 0 }, pointSamples(samples), asked);

/** Marks all segments of the site so far as settled into the day's file. */
async function settle(siteId: number, day: number): Promise<void> {
  await db
    .prepare(
      `INSERT INTO day_files (site_id, day, state, updated_at, settled_stamp)
       SELECT ?1, ?2, 'written', 1, stamp FROM site_clocks WHERE site_id = ?1
       ON CONFLICT DO UPDATE SET settled_stamp = excluded.settled_stamp`,
    )
    .bind(siteId, day)
    .run();
}

const settledStamps = async () => {
  const rows = await db.prepare("SELECT site_id, day, settled_stamp FROM day_files").raw<number[]>();
  return new Map(rows.map(([siteId, day, stamp]) => [`${siteId} ${day}`, stamp!]));
};

/** The samples of segments that are in no day file, up to a stamp. */
async function naiveOf(siteId: number, upTo = Infinity): Promise<NaiveStore> {
  const settled = await settledStamps();
  const blocks = new Set(SITES.get(siteId)!.map((id) => id >> 7));
  const open = (await allSegments(db)).filter(
    ({ block, day, stamp }) => blocks.has(block) && stamp > (settled.get(`${siteId} ${day}`) ?? 0) && stamp <= upTo,
  );
  return new NaiveStore(samplesOf(open));
}

async function wholeHour(siteId: number, hour: number, upTo?: number) {
  const parts: ReadonlyMap<number, StoredSeries>[] = [];
  for await (const part of readHour(db, siteId, hour, refuseDamaged, upTo)) parts.push(part);
  return parts;
}

const rowsOf = (series: ReadonlyMap<number, StoredSeries>) =>
  [...series].map(([id, { times, values, asked }]) => [id, [...times].map((time, i) => [time, values[i], asked[i]])]);

const edge = fc.tuple(fc.constantFrom(0, 1, 23, 24, 25), fc.constantFrom(-1, 0, 1)).map(([h, ms]) => h * HOUR_MS + ms);
const time = fc.oneof(edge, fc.nat({ max: 26 * HOUR_MS })).map((ms) => DAY + ms);
const value = fc.double({ noNaN: true, noDefaultInfinity: true });
const siteId = fc.constantFrom(1, 1, 2);
const step = siteId.chain((site) =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        site: fc.constant(site),
        samples: fc.array(fc.tuple(fc.constantFrom(...SITES.get(site)!), time, value), {
          minLength: 4,
          maxLength: 12,
          size: "max",
        }),
        asked: fc.constantFrom(0, 10, 20),
      }),
    },
    { weight: 1, arbitrary: fc.record({ site: fc.constant(site), day: fc.constantFrom(FIRST_DAY, FIRST_DAY + 1) }) },
  ),
);
const hour = fc.constantFrom(-1, 0, 1, 22, 23, 24, 25).map((n) => DAY + n * HOUR_MS);
const read = siteId.chain((site) =>
  fc.record({
    site: fc.constant(site),
    ids: fc.shuffledSubarray([...SITES.get(site)!, SITES.get(site)![0]! + 2, 9_999], { minLength: 2 }),
    range: fc
      .tuple(fc.oneof(fc.constant(DAY), time), fc.oneof(fc.constant(DAY + 26 * HOUR_MS), time))
      .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) + 1 })),
    hours: fc.uniqueArray(hour),
    others: fc.uniqueArray(hour),
    upTo: fc.constantFrom(1, 2, 3, 1_000),
  }),
);

test("each way to read equals the naive store, beside partly settled days", async () => {
  let found = 0;
  const cases = fc.tuple(
    fc.array(step, { minLength: 3, maxLength: 6 }),
    fc.array(read, { minLength: 2, maxLength: 2 }),
  );
  await fc.assert(
    fc
      .asyncProperty(cases, async ([history, reads]) => {
        for (const drawn of history) {
          if ("day" in drawn) await settle(drawn.site, drawn.day);
          else await store(drawn.site, drawn.samples, drawn.asked);
        }
        for (const { site, ids, range, hours, others, upTo } of reads) {
          const naive = await naiveOf(site);
          const expected = (wanted: (id: number, at: number) => boolean) =>
            ids.map((id) => [id, naive.series(id, range.start, range.end).filter(([at]) => wanted(id, at))]);
          const hourOf = (at: number) => at - (at % HOUR_MS);
          const all = await readSeries(db, site, ids, range);
          expect(rowsOf(all)).toEqual(expected(() => true));
          found += [...all.values()].reduce((sum, { times }) => sum + times.length, 0);
          const some = await readSeriesOfHours(db, site, ids, hours, range);
          expect(rowsOf(some)).toEqual(expected((_, at) => hours.includes(hourOf(at))));
          const hoursOfId = (id: number) => (id % 2 === 0 ? hours : others);
          const hoursOf = new Map(ids.map((id) => [id, hoursOfId(id)]));
          const { series: keyed } = await readSeriesBeside(db, { siteId: site, hours: hoursOf, range }, NOTHING_BESIDE);
          expect(rowsOf(keyed)).toEqual(expected((id, at) => hoursOfId(id).includes(hourOf(at))));

          const early = await naiveOf(site, upTo);
          const at = hours[0] ?? DAY;
          const whole = (await wholeHour(site, at, upTo)).flatMap((part) => rowsOf(part));
          const ofHour = SITES.get(site)!.map((id) => [id, early.series(id, at, at + HOUR_MS)] as const);
          expect(whole).toEqual(ofHour.filter(([, samples]) => samples.length > 0));
        }
      })
      .beforeEach(() => emptyStore(db)),
    { numRuns: 20 },
  );
  expect(found).toBeGreaterThan(50);
});

test("of two values requested together the one stored later is read", async () => {
  for (const n of [1, 2, 3]) await store(1, [[1, DAY, n]], 5);
  const series = (await readSeries(db, 1, [1], { start: DAY, end: DAY + 1 })).get(1)!;
  expect([...series.values]).toEqual([3]);
});

test("a range is half-open, to the millisecond", async () => {
  const offsets = [0, 1, 1_800_000, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1, 3 * HOUR_MS];
  await store(
    1,
    offsets.map((ms): Sample => [1, DAY + ms, ms]),
    1,
  );
  const ranges = [
    [0, HOUR_MS],
    [0, HOUR_MS + 1],
    [1, HOUR_MS - 1],
    [1_800_000, HOUR_MS],
    [HOUR_MS, HOUR_MS + 1],
    [2, 3],
    [2 * HOUR_MS, 3 * HOUR_MS],
  ] as const;
  for (const [start, end] of ranges) {
    const series = (await readSeries(db, 1, [1], { start: DAY + start, end: DAY + end })).get(1)!;
    expect([...series.values]).toEqual(offsets.filter((ms) => ms >= start && ms < end));
  }
  expect(await readSeries(db, 1, [], { start: DAY, end: DAY + 1 })).toEqual(new Map());
});

describe("rows read of a day of 288 segments per block", () => {
  const BLOCKS = [8, 9, 10];
  const POINTS_OF_BLOCK = Array.from({ length: 128 }, (_, n) => n);
  beforeEach(async () => {
    const stamps = Array.from({ length: 288 }, (_, i) => i + 1);
    const rows = stamps.flatMap((stamp) =>
      BLOCKS.map((block) => {
        const offsets = [(stamp - 1) * 300_000];
        const parts = POINTS_OF_BLOCK.map((n) => ({ pointId: block * 128 + n, offsets, values: [stamp] }));
        return segmentJson({ block, day: FIRST_DAY, asked: 1, parts }, stamp);
      }),
    );
    const hours = Array.from({ length: 24 }, (_, i) =>
      touchHours(db, 3, [DAY + i * HOUR_MS], { first: 12 * i + 1, last: 12 * i + 12 }),
    );
    await db.batch([insertSegments(db, `[${rows.join()}]`), ...hours]);
  });

  const costOf = async (ids: readonly number[], start: number, end: number) => {
    const cost = { statements: 0, rowsRead: 0 };
    const series = await readSeries(db, 3, ids, { start: DAY + start, end: DAY + end }, cost);
    return { ...cost, samples: [...series.values()].reduce((sum, { times }) => sum + times.length, 0) };
  };

  test("a point and hour reads the hour's 12 segments", async () => {
    const cost = await costOf([1_024], 7 * HOUR_MS, 8 * HOUR_MS);
    expect(cost).toMatchObject({ statements: 1, samples: 12 });
    expect(cost.rowsRead).toBeGreaterThanOrEqual(12);
    expect(cost.rowsRead).toBeLessThanOrEqual(24);
  });

  test("each segment is read once, however many points of its block are wanted", async () => {
    const few = await costOf([1_024, 1_025, 1_151], 0, DAY_MS);
    expect(few).toMatchObject({ statements: 1, samples: 3 * 288 });
    expect(few.rowsRead).toBeLessThanOrEqual(400);
    const two = await costOf([1_024, 1_152], 0, DAY_MS);
    expect(two).toMatchObject({ statements: 1, samples: 2 * 288 });
    expect(two.rowsRead).toBeLessThanOrEqual(2 * 400);
    const many = POINTS_OF_BLOCK.slice(20).map((n) => 1_024 + n);
    const block = await costOf(many, 0, DAY_MS);
    expect(block).toMatchObject({ statements: 1, samples: many.length * 288 });
    expect(block.rowsRead).toBeLessThanOrEqual(400);
  });

  test("a day whose file has 23 hours reads the last hour's segments", async () => {
    await db
      .prepare(
        "INSERT INTO day_files (site_id, day, state, updated_at, settled_stamp) VALUES (3, ?1, 'written', 1, 276)",
      )
      .bind(FIRST_DAY)
      .run();
    const cost = await costOf([1_024], 0, DAY_MS);
    expect(cost).toMatchObject({ statements: 1, samples: 12 });
    expect(cost.rowsRead).toBeLessThanOrEqual(160);
  });
});

test("a block with more points than columns is read whole", async () => {
  await store(
    3,
    MANY.map((id): Sample => [id, DAY + 5, id]),
    1,
  );
  const cost = { statements: 0, rowsRead: 0 };
  const series = await readSeries(db, 3, MANY.toReversed(), { start: DAY, end: DAY + HOUR_MS }, cost);
  expect(MANY.filter((id) => series.get(id)?.values[0] !== id)).toEqual([]);
  // ten blocks that are read whole, and 20 points of the next
  expect(cost.statements).toBe(11);

  const parts = await wholeHour(3, DAY);
  expect(parts.length).toBe(2);
  expect(parts.flatMap((part) => [...part.keys()])).toEqual(MANY);
});

test("a read that needs all segments fails for a damaged one and names it", async () => {
  await store(1, [[1, DAY, 1]], 1);
  await db.exec(`UPDATE segments SET body = jsonb('{"1":{"0":null}}')`);
  await expect(wholeHour(1, DAY)).rejects.toThrow(`segment ${segmentKey(0, FIRST_DAY, 1)}: has a bad value`);
  // The damage costs no other point's samples.
  expect((await readSeries(db, 1, [2], { start: DAY, end: DAY + 1 })).get(2)!.times.length).toBe(0);
});
