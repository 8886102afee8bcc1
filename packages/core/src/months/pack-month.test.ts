import fc from "fast-check";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { changeSlices } from "../../test/block-days.ts";
import { migratedDatabase } from "../../test/database.ts";
import { packDays } from "../../test/pack-days.ts";
import { newPoints, newSite } from "../../test/points.ts";
import { anyHours, anyLocator } from "../../test/arbitrary-slice.ts";
import { blockDayKey } from "../rollups/block-day-key.ts";
import { type BlockDayRow, blockDayRows, rowTexts } from "../rollups/block-day-rows.ts";
import { hexOf } from "../bytes/hex.ts";
import { encodeSlice } from "../rollups/hour-slice.ts";
import { deleteDayRows } from "../rollups/delete-rows.ts";
import { parseRows, rowsStatement, withPackedHours } from "../rollups/read-rows.ts";
import { type StoredSlice, unlessDamaged } from "../rollups/stored-slice.ts";
import { replaceRows, writeHours } from "../rollups/write-rows.ts";
import { touchDay } from "../manifest/write-manifest.ts";
import { forgetPacked } from "../manifest/write-month-files.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { dayStart } from "../domain/day.ts";
import { monthDays } from "../domain/month.ts";
import { findBeforeRange } from "../read/before-range.ts";
import { readStored, readStoredDays } from "../read/stored.ts";
import { readMonthBasis } from "../manifest/month-basis.ts";
import { packPointMonths } from "./pack-month.ts";

const MONTH = 673; // February 2026
const { first: FIRST, end: END } = monthDays(MONTH);
const RANGE = { start: dayStart(FIRST - 2), end: dayStart(END + 2) };
const POINTS = 40;

let db: D1Database;
let siteId: number;
let ids: readonly number[];
beforeAll(async () => {
  db = await migratedDatabase();
  siteId = await newSite(db, "ses_pack");
  ids = await newPoints(
    db,
    siteId,
    Array.from({ length: POINTS }, (_, i) => `p/${i}`),
  );
});

/** The slices of each day's file, by point. */
let days: Map<number, Map<number, Uint8Array>>;
beforeEach(async () => {
  await db.exec("DELETE FROM day_files; DELETE FROM block_days; DELETE FROM point_months; DELETE FROM month_files");
  days = new Map();
});

const PUBLISH = `
INSERT INTO day_files (site_id, day, state, key, etag, sha256, bytes, rows, points, generation, updated_at)
VALUES (?1, ?2, 'written', 'k', 'e', 's', 1, 1, 1, 1, 1)
ON CONFLICT DO UPDATE SET state = 'written', key = 'k', generation = generation + 1`;

const rowsOf = (day: number): BlockDayRow[] =>
  blockDayRows(
    day,
    [...days.get(day)!].map(([pointId, slice]) => ({ pointId, slice, rows: 7 })),
  );

async function publish(day: number, slices: ReadonlyMap<number, Uint8Array>): Promise<void> {
  days.set(day, new Map(slices));
  const rows = rowsOf(day);
  const keys = rows.map(({ key }) => key);
  await db.batch([db.prepare(PUBLISH).bind(siteId, day), ...replaceRows(db, { siteId, day }, rowTexts(rows), keys)]);
}

async function deleteDay(day: number): Promise<void> {
  days.delete(day);
  const mark = "UPDATE day_files SET state = 'deleted', key = NULL, generation = generation + 1 WHERE day = ?1";
  await db.batch([db.prepare(mark).bind(day), deleteDayRows(db, siteId, day)]);
}

/** Writes a day like a rebuild of wrong aggregates. */
async function rebuild(day: number): Promise<void> {
  if (!days.has(day)) return;
  await db.batch([...writeHours(db, rowsOf(day)), forgetPacked(db, siteId, day), touchDay(db, siteId, day, 1)]);
}

const textOf = ({ hours, locator }: StoredSlice) => hexOf(encodeSlice({ hours, locator }));
const sorted = (texts: readonly string[]) => texts.toSorted();

/** Readers find what was published. */
async function expectAll(): Promise<void> {
  const all = [...days].flatMap(([day, ofDay]) => [...ofDay].map(([id, slice]) => ({ id, day, hex: hexOf(slice) })));
  const whole = await readStored(db, siteId, ids, RANGE, "rollups");
  expect(sorted(whole.rollups!.map(({ pointId, day, slice }) => `${pointId} ${day} ${textOf(slice)}`))).toEqual(
    sorted(all.map(({ id, day, hex }) => `${id} ${day} ${hex}`)),
  );
  const rows = parseRows((await rowsStatement(db, siteId, FIRST - 2, END + 2).all()).results);
  const read = (await withPackedHours(db, rows)).map(({ key, places, hours }) => `${key} ${places} ${hours}`);
  expect(sorted(read)).toEqual(
    sorted([...days.keys()].flatMap(rowsOf).map(({ key, places, hours }) => `${key} ${places} ${hours}`)),
  );
  const located = [
    (await readStored(db, siteId, ids, RANGE, "locators")).pointDays!,
    (
      await readStoredDays(
        db,
        siteId,
        all.map(({ id, day }) => ({ pointId: id, day })),
      )
    ).pointDays,
  ];
  const locators = new Map(whole.rollups!.map(({ pointId, day, slice }) => [`${pointId} ${day}`, slice.locator]));
  for (const pointDays of located) {
    expect(new Map(pointDays.map(({ pointId, day, locator }) => [`${pointId} ${day}`, locator]))).toEqual(locators);
  }
  const before = await findBeforeRange(db, siteId, ids, dayStart(END));
  expect([...before.uncertain]).toEqual([]);
  for (const id of ids) {
    const known = all.filter((pointDay) => pointDay.id === id && pointDay.day < END).sort((a, b) => b.day - a.day);
    const last = whole.rollups!.find(({ pointId, day }) => pointId === id && day === known[0]?.day);
    const hours = last?.slice.hours.flatMap((hour, i) => (hour === null ? [] : [dayStart(last.day) + i * 3_600_000]));
    expect(before.hours.get(id)).toEqual(hours === undefined || hours.length === 0 ? [] : [hours.at(-1)]);
  }
}

/** Packs the days with a file. @param beside runs in place of a call of D1 */
async function packBeside(
  points: readonly number[],
  beside: <T>(call: number, execute: () => Promise<T>) => Promise<T>,
): Promise<void> {
  let calls = 0;
  const intercepted = interceptedDatabase(db, (execute) => beside(calls++, execute));
  const basis = await readMonthBasis(db, siteId, MONTH);
  const target = { siteId, basis, file: { generation: 2, locators: new Map() } };
  await packPointMonths(intercepted, target, points).catch((error: unknown) => expect(String(error)).toContain("died"));
}

const idsOf = (points: readonly number[]) => points.map((point) => ids[point]!);

const slice = fc.record({ hours: anyHours, locator: anyLocator }).map(encodeSlice);
// Few, so that days are published again after they were packed.
const day = fc.constantFrom(FIRST - 1, FIRST, FIRST + 1, END - 1);
const some = fc.shuffledSubarray(
  Array.from({ length: POINTS }, (_, i) => i),
  { minLength: 1, maxLength: 12 },
);
const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("publish" as const),
      day,
      points: some,
      slices: fc.array(slice, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), day }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rebuild" as const), day }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pack" as const) }) },
);
const call = { points: some, at: fc.nat(1) };
const operation = fc.oneof(
  { weight: 5, arbitrary: change },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("die" as const), ...call, isLost: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("race" as const), ...call, change }) },
);
type Operation<T> = T extends fc.Arbitrary<infer U> ? U : never;

/** @returns days that were packed */
async function doChange(step: Operation<typeof change>): Promise<number> {
  switch (step.kind) {
    case "publish":
      await publish(
        step.day,
        new Map(step.points.map((point, i) => [ids[point]!, step.slices[i % step.slices.length]!])),
      );
      return 0;
    case "delete":
      await deleteDay(step.day);
      return 0;
    case "rebuild":
      await rebuild(step.day);
      return 0;
    case "pack":
      return (await packDays(db, siteId, ids, { first: FIRST, last: FIRST })).length;
    default:
      throw new Error(String(step satisfies never));
  }
}

const PUBLISHED: Operation<typeof change> = {
  kind: "publish",
  day: FIRST,
  points: [0, 1],
  slices: [
    encodeSlice({
      hours: Array.from({ length: 24 }, () => ({ n: 1, min: 2, max: 2, sum: 2, edges: null })),
      locator: {
        group: { offset: 4, timeBytes: 1, nameBytes: 1, valueBytes: 1, rows: 1, crc32: 7 },
        firstRow: 0,
        rows: 1,
      },
    }),
  ],
};

test("after any history, readers find what was published last", async () => {
  let packed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 4, maxLength: 14, size: "max" }), async (steps) => {
      await db.exec("DELETE FROM day_files; DELETE FROM block_days; DELETE FROM point_months; DELETE FROM month_files");
      days = new Map();
      for (const step of steps) {
        if (step.kind === "die") {
          await packBeside(idsOf(step.points), async (number, execute) => {
            if (number !== step.at) return execute();
            if (step.isLost) await execute();
            throw new Error("died");
          });
        } else if (step.kind === "race") {
          await packBeside(idsOf(step.points), async (number, execute) => {
            if (number === step.at) await doChange(step.change);
            return execute();
          });
        } else packed += await doChange(step);
        await expectAll();
      }
    }),
    // One that packs, beside any others.
    { numRuns: 12, endOnFailure: true, examples: [[[PUBLISHED, { kind: "pack" }]]] },
  );
  expect(packed).toBeGreaterThan(0);
});

test("a damaged slice leaves its day unpacked for its row's points only", async () => {
  const hours = Array.from({ length: 24 }, () => ({ n: 1, min: 2, max: 2, sum: 2, edges: null }));
  const group = { offset: 4, timeBytes: 1, nameBytes: 1, valueBytes: 1, rows: 1, crc32: 7 };
  const good = encodeSlice({ hours, locator: { group, firstRow: 0, rows: 1 } });
  for (const date of [FIRST, FIRST + 1]) await publish(date, new Map(ids.map((id) => [id, good])));
  const [hurt] = ids;
  await changeSlices(db, (bytes, { pointId, day: date }) =>
    pointId === hurt && date === FIRST ? bytes.slice(1) : bytes,
  );
  expect(await packDays(db, siteId, ids, { first: FIRST, last: FIRST })).toEqual([FIRST + 1]);
  const { results } = await db.prepare("SELECT key FROM block_days WHERE hours <> x''").all();
  expect(results).toEqual([{ key: blockDayKey(hurt!, FIRST) }]);
  const { rollups } = await readStored(db, siteId, ids, RANGE, "rollups");
  const damaged = rollups!.filter(({ slice: stored }) => unlessDamaged(() => stored.hours) === null);
  expect(damaged.map(({ pointId, day: date }) => [pointId, date])).toEqual([[hurt, FIRST]]);
  expect(rollups).toHaveLength(2 * POINTS);

  await rebuild(FIRST);
  expect(await packDays(db, siteId, ids, { first: FIRST, last: FIRST })).toEqual([FIRST, FIRST + 1]);
  await expectAll();
});

test("nothing is packed if a day has changed since it was read", async () => {
  await publish(FIRST, new Map());
  const basis = await readMonthBasis(db, siteId, MONTH);
  await publish(FIRST, new Map());
  expect(await packPointMonths(db, { siteId, basis, file: null }, ids)).toBeNull();
});

test("each packed day names the place of its samples in the month file", async () => {
  const hours = Array.from({ length: 24 }, () => ({ n: 1, min: 2, max: 2, sum: 2, edges: null }));
  const group = { offset: 4, timeBytes: 1, nameBytes: 1, valueBytes: 1, rows: 1, crc32: 7 };
  const locator = { group, firstRow: 0, rows: 1 };
  const [a, b] = ids;
  await publish(FIRST, new Map([a!, b!].map((id) => [id, encodeSlice({ hours, locator })])));
  const basis = await readMonthBasis(db, siteId, MONTH);
  const file = { generation: 5, locators: new Map([[a!, { ...locator, rows: 1, group: { ...group, rows: 9 } }]]) };
  expect(await packPointMonths(db, { siteId, basis, file }, ids)).toEqual({ unpacked: [] });
  for (const wanted of ["rollups", "locators"] as const) {
    const { pointDays } = await readStored(db, siteId, [a!, b!], RANGE, wanted);
    const places = pointDays!.map(({ pointId, month, locator: ofDay }) => [pointId, month, ofDay]);
    expect(new Map(places.map(([id, ...rest]) => [id, rest]))).toEqual(
      new Map([
        [a, [{ month: MONTH, generation: 5, locator: file.locators.get(a!) }, locator]],
        [b, [null, locator]],
      ]),
    );
  }
});
