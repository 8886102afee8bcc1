import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { settled, HOUR, nameOf, points, query } from "../../test/planned-query.ts";
import { newPoints, newSite } from "../../test/points.ts";
import { blockDayRows } from "../rollups/block-day-rows.ts";
import { encodeSlice } from "../rollups/hour-slice.ts";
import { writeHours } from "../rollups/write-rows.ts";
import { DAY_MS, dayOf } from "../domain/day.ts";
import { ROLLUPS_AT_ONCE } from "./limits.ts";
import { planQuery, sampledDays } from "../query/plan.ts";
import { readStored } from "./stored.ts";

const FIRST = 20_000;
const DAYS = 100;
const POINTS = 41;
const RANGE = { start: FIRST * DAY_MS, end: (FIRST + DAYS) * DAY_MS };

let db: D1Database;
let siteId: number;
let ids: readonly number[];
beforeAll(async () => {
  db = await migratedDatabase();
  siteId = await newSite(db, "ses_cut");
  const names = Array.from({ length: POINTS }, (_, i) => nameOf(i));
  ids = await newPoints(db, siteId, names);
  const group = { offset: 4, timeBytes: 1, nameBytes: 1, valueBytes: 1, rows: 1, crc32: 7 };
  const slice = encodeSlice({
    hours: Array.from({ length: 24 }, () => null),
    locator: { group, firstRow: 0, rows: 1 },
  });
  const days = Array.from({ length: DAYS }, (_, i) => FIRST + i);
  const addFile = db.prepare(
    `INSERT INTO day_files (site_id, day, state, key, etag, sha256, bytes, rows, points, updated_at)
     VALUES (?1, ?2, 'written', 'k', 'e', 's', 1, 1, 1, 0)`,
  );
  const rows = days.flatMap((day) =>
    blockDayRows(
      day,
      ids.map((pointId) => ({ pointId, slice, rows: 1 })),
    ),
  );
  await db.batch([
    ...days.map((day) => addFile.bind(siteId, day)),
    ...writeHours(db, rows),
    db
      .prepare(
        "INSERT INTO hot_hours (site_id, hour, first_stamp, version, rolled_up_version) VALUES (?1, ?2, 1, 2, 1)",
      )
      .bind(siteId, (FIRST + 70) * DAY_MS + HOUR),
    db
      .prepare(
        "INSERT INTO hot_hours (site_id, hour, first_stamp, version, rolled_up_version) VALUES (?1, ?2, 1, 2, 2)",
      )
      .bind(siteId, (FIRST + 71) * DAY_MS + HOUR),
  ]);
});

const daysOf = ({ pointDays }: Awaited<ReturnType<typeof readStored>>) =>
  [...new Set(pointDays?.map(({ day }) => day - FIRST))].sort((a, b) => a - b);

test("locates only wanted days and those without rollups if there are too many", async () => {
  expect(POINTS * DAYS).toBeGreaterThan(ROLLUPS_AT_ONCE);
  const cut = await readStored(db, siteId, ids, RANGE, "rollups", [FIRST, FIRST + 99]);
  expect(cut).toMatchObject({ isCut: true, rollups: null });
  expect(daysOf(cut)).toEqual([0, 70, 99]);
  expect(cut.pointDays).toHaveLength(3 * POINTS);
  expect(cut.pointDays?.every(({ locator }) => locator?.rows === 1)).toBe(true);
  const all = await readStored(db, siteId, ids, RANGE, "rollups");
  expect([all.isCut, all.pointDays?.length]).toEqual([false, POINTS * DAYS]);
  const few = await readStored(db, siteId, ids.slice(1), { ...RANGE, end: RANGE.end - DAY_MS }, "rollups", []);
  expect([few.isCut, few.rollups?.length, few.pointDays?.length]).toEqual([false, 40 * 99, 40 * 99]);
});

test("a chart of hours needs samples of cut hours and of hours with a unit change", () => {
  const { start, end } = RANGE;
  const changed = points(POINTS).map((point, i) => ({
    ...point,
    past: i === 7 ? [{ until: start + 5 * DAY_MS + 1, unit: "°C", intervalS: null }] : [],
  }));
  const input = { ...query(1), points: changed, interval: "1hr" as const, range: RANGE };
  expect(sampledDays(input)).toEqual([FIRST + 5]);
  expect(sampledDays({ ...input, range: { start: start + 1, end: end - 1 } })).toEqual([FIRST, FIRST + 5, FIRST + 99]);
  expect(sampledDays({ ...input, interval: "auto" })).toBeNull();
  expect(sampledDays({ ...input, timeZone: "Asia/Kathmandu" })).toBeNull();
  expect(
    sampledDays({ ...input, points: changed.map((point, i) => (i === 3 ? { ...point, unit: "°" } : point)) }),
  ).toBeNull();
  expect(sampledDays({ ...input, points: changed.slice(0, 30) })).toBeNull();
});

test("never plans samples of days without locators", () => {
  const stored = { ...settled(2, [1]), isCut: true };
  const input = query(2 * DAY_MS, { interval: "raw", stored });
  expect(dayOf(input.range.start)).toBe(stored.days[0]?.day);
  expect(() => planQuery(input)).toThrow("samples of days without locators");
  expect(planQuery({ ...input, interval: "1hr" }).computedFrom).toBe("hours");
});
