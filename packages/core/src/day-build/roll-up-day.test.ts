import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { changeHours, changeSlices, shortHours, storedPointDays } from "../../test/block-days.ts";
import { CrashPoint, isWrite } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { pointSamples, type Sample } from "../../test/points.ts";
import { RollupWorld } from "../../test/rollup-world.ts";
import { dayStart } from "../domain/day.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { upsertSamples } from "../../test/store.ts";
import { settleFromSegments } from "./settle-from-segments.ts";
import { rollUpHours } from "./roll-up-hours.ts";

const DAY = 20_373;
const START = dayStart(DAY);
const END = START + 24 * HOUR_MS;
const FIRST: Sample[] = [
  [0, START + 1, 1],
  [0, START + HOUR_MS, -0],
  [1, START + HOUR_MS + 5, 25.517500000000002],
  [2, START + 5 * HOUR_MS, 7],
];
const LATE: Sample[] = [
  [1, START + HOUR_MS + 6, 3],
  [2, START + 1, 4],
];

let db: D1Database;
let world: RollupWorld;
beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(async () => {
  world = await RollupWorld.create(db, env.TIMESERIES, ["a", "b", "c"]);
});

async function rowsOf(sql: string): Promise<unknown[]> {
  return (await db.prepare(sql).all()).results;
}
const withoutRollups = () => rowsOf("SELECT hour FROM hot_hours WHERE rolled_up_version IS NOT version ORDER BY hour");
const pointDays = async () =>
  (await storedPointDays(db)).map(({ pointId, rows, locator, hours }) => ({
    pointId,
    rows,
    locator,
    hours: shortHours(hours),
  }));

/** The expected answer for the whole day: the known samples, however it is computed. */
async function expectAnswer(): Promise<void> {
  const points = [0, 1, 2];
  const range = { start: START, end: END };
  const { answer } = await world.ask({ points, range, interval: "1hr", timeZone: "UTC" });
  for (const [i, point] of points.entries()) {
    const { times, values, count } = answer.series[i]!;
    const byHour = Map.groupBy(world.expected(point, range), ([, time]) => Math.floor(time / HOUR_MS) * HOUR_MS);
    const expected = [...byHour].map(([hour, inHour]) => {
      return [hour, inHour.reduce((sum, [, , value]) => sum + value, -0) / inHour.length, inHour.length];
    });
    expect(Array.from(times, (time, at) => [time, values[at], count![at]])).toEqual(expected);
  }
}

describe("the hourly rollup", () => {
  test("rolls up closed hours of all points, and writes nothing a second time", async () => {
    await world.sync(FIRST);
    const early = await rollUpHours(db, world.site.id, 600_000, () => START + 2 * HOUR_MS + 600_000 - 1);
    expect(early).toEqual({ rolledUp: 1, rowsChanged: 1, remaining: 0, failed: [] });
    expect(await rollUpHours(db, world.site.id, 600_000, () => START + 2 * HOUR_MS + 600_000)).toMatchObject({
      rolledUp: 1,
      rowsChanged: 1,
    });
    expect(await withoutRollups()).toEqual([{ hour: START + 5 * HOUR_MS }]);
    expect(await world.rollUp(END)).toMatchObject({ rolledUp: 1, rowsChanged: 1 });
    expect(await world.rollUp(END)).toEqual({ rolledUp: 0, rowsChanged: 0, remaining: 0, failed: [] });
    const zeros = (n: number): 0[] => Array.from({ length: n }, () => 0);
    expect(await pointDays()).toMatchObject([
      { rows: null, locator: null, hours: [[1, 1], [1, -0], ...zeros(22)] },
      { hours: [0, [1, 25.517500000000002], ...zeros(22)] },
      { hours: [...zeros(5), [1, 7], ...zeros(18)] },
    ]);
    await expectAnswer();
  });

  test("late samples change exactly the hours and points that they touch", async () => {
    await world.sync(FIRST);
    await world.rollUp(END);
    await world.sync(FIRST);
    expect(await withoutRollups()).toEqual([]);
    await world.sync([...FIRST, ...LATE]);
    expect(await withoutRollups()).toEqual([{ hour: START }, { hour: START + HOUR_MS }]);
    await expectAnswer();
    expect(await world.rollUp(END)).toMatchObject({ rolledUp: 2, rowsChanged: 1 });
    await expectAnswer();
  });

  test("an unreadable row fails only its own hour", async () => {
    for (const sample of FIRST) await world.sync([sample]);
    await db
      .prepare("UPDATE segments SET body = jsonb_set(body, '$.\"1\".x', 1) WHERE last >= ?1 AND first < ?1 + 3600000")
      .bind((START + HOUR_MS) % DAY_MS)
      .run();
    const run = await world.rollUp(END);
    expect(run).toMatchObject({ rolledUp: 2, remaining: 1, failed: [{ hour: START + HOUR_MS }] });
  });

  test("skips days with a file; publishing marks or deletes their hours", async () => {
    await world.sync(FIRST);
    await world.rollUp(END);
    await world.backfill(DAY, [[0, START + 2, 5]]);
    expect(await withoutRollups()).toHaveLength(3);
    expect(await world.rollUp(END)).toMatchObject({ rolledUp: 0 });
    await expectAnswer();
    await world.sync([[0, END, 1]]);
    expect(await world.settle(DAY)).toBe("settled");
    expect(await rowsOf("SELECT hour FROM hot_hours")).toEqual([{ hour: END }]);
    expect(await world.rollUp(END + HOUR_MS)).toMatchObject({ rolledUp: 1 });
    await expectAnswer();
    await world.importToD1(DAY);
    expect(await withoutRollups()).toHaveLength(3);
    expect(await world.rollUp(END)).toMatchObject({ rolledUp: 0 });
    await expectAnswer();
  });

  test("a rebuild repairs wrong aggregates of hot days and of days with a file", async () => {
    await world.sync(FIRST);
    await world.rollUp(END);
    const right = await pointDays();
    await changeHours(db, (hours) => hours.with(0, null));
    expect(await world.rebuild(DAY - 1, DAY + 1, END)).toMatchObject({
      hours: 3,
      files: 0,
      rowsChecked: 4,
      rowsChanged: 1,
      skipped: [],
      nextDate: null,
    });
    expect(await pointDays()).toEqual(right);
    await world.settle(DAY);
    const settled = await pointDays();
    await changeHours(db, (hours) => hours.with(1, null));
    expect(await world.rebuild(DAY, DAY, END)).toMatchObject({ hours: 0, files: 1, rowsChecked: 3, rowsChanged: 2 });
    expect(await pointDays()).toEqual(settled);
    expect(await world.rebuild(DAY - 9, DAY, END)).toMatchObject({ rowsChecked: 0, nextDate: "2025-10-07" });
  });

  test("an hour that a rebuild repaired is rolled up again after its next sample", async () => {
    await world.sync(FIRST);
    await world.rollUp(END);
    await changeHours(db, (hours) => hours.with(0, null));
    expect(await world.rebuild(DAY, DAY, END)).toMatchObject({ rowsChanged: 1 });
    await world.sync(LATE);
    await expectAnswer();
  });
});

describe("a rollup that stops after any of its writes", () => {
  test("leaves answers correct, and the next run completes it", async () => {
    let whole: unknown;
    let nth = 0;
    for (; ; nth++) {
      world = await RollupWorld.create(db, env.TIMESERIES, ["a", "b", "c"]);
      await world.sync(FIRST);
      const crash = new CrashPoint(nth, "after", isWrite);
      const died = await world.rollUp(END, crash.database(db)).then(
        () => false,
        () => true,
      );
      await expectAnswer();
      await world.rollUp(END);
      const hours = (await pointDays()).map((row) => row.hours);
      whole ??= hours;
      expect(hours).toEqual(whole);
      expect(await withoutRollups()).toEqual([]);
      await expectAnswer();
      if (!crash.happened) break;
      expect(died).toBe(true);
    }
    // the mark in the clock, and the batch of the day
    expect(nth).toBe(2);
  });
});

test.each<[string, () => Promise<unknown>]>([
  ["late samples", () => world.sync(LATE)],
  ["late samples, and another rollup of them", () => world.sync(LATE).then(() => world.rollUp(END))],
  ["a settling", () => world.settle(DAY)],
  ["a settlement, and late samples", () => world.settle(DAY).then(() => world.sync(LATE))],
  ["late samples, and a backfill", () => world.sync(LATE).then(() => world.backfill(DAY, [[0, START + 9, 5]]))],
  ["a settlement, and an import", () => world.settle(DAY).then(() => world.importToD1(DAY))],
])("between any two calls of a rollup may come: %s", async (_, elsewhere) => {
  for (let nth = 0; ; nth++) {
    world = await RollupWorld.create(db, env.TIMESERIES, ["a", "b", "c"]);
    await world.sync(FIRST);
    let calls = 0;
    const watched = interceptedDatabase(db, async (execute) => {
      if (calls++ === nth) await elsewhere();
      return execute();
    });
    await world.rollUp(END, watched);
    await expectAnswer();
    await world.rollUp(END);
    await expectAnswer();
    expect(await world.rebuild(DAY, DAY, END)).toMatchObject({ rowsChanged: 0, skipped: [] });
    if (calls <= nth) break;
  }
});

test.each<[string, (end: number) => Promise<unknown>]>([
  ["a rollup of more hours", (end) => world.rollUp(end)],
  ["a rebuild", (end) => world.rebuild(DAY, DAY, end)],
  ["a rollup of more hours, and a rebuild", (end) => world.rollUp(end).then(() => world.rebuild(DAY, DAY, end))],
])("a rollup does not undo a concurrent rollup of its day: %s", async (_, elsewhere) => {
  for (let nth = 0; ; nth++) {
    world = await RollupWorld.create(db, env.TIMESERIES, ["a", "b", "c"]);
    await world.sync(FIRST);
    let calls = 0;
    const watched = interceptedDatabase(db, async (execute) => {
      if (calls++ === nth) await elsewhere(END);
      return execute();
    });
    // not hour 5
    await world.rollUp(START + 2 * HOUR_MS, watched);
    await expectAnswer();
    await world.rollUp(END);
    expect(await world.rebuild(DAY, DAY, END)).toMatchObject({ rowsChanged: 0, skipped: [] });
    if (calls <= nth) break;
  }
});

test.each<[string, (slice: Uint8Array) => Uint8Array]>([
  ["slice", (slice) => slice.with(0, 9)],
  ["row", (slice) => slice],
])("a damaged %s is rolled up again with the next hour of its day", async (part, change) => {
  await world.sync(FIRST);
  await world.rollUp(START + 2 * HOUR_MS);
  await changeSlices(db, (slice, { pointId }) => (pointId === world.ids[0] ? change(slice) : slice));
  if (part === "row") await db.exec("UPDATE block_days SET places = x'ff'");
  await world.rollUp(END);
  await expectAnswer();
  expect(await world.rebuild(DAY, DAY, END)).toMatchObject({ rowsChanged: 0 });
});

test("an hour of 4,583 points takes 289 rows in 16 statements, none if equal", async () => {
  const POINTS = 4_583;
  const { site } = world;
  await db
    .prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 999 + ?2)
       INSERT INTO points (id, site_id, name, source, configured, tags) SELECT i, ?1, 'p' || i, 'catalog', 1, '{}' FROM n`,
    )
    .bind(site.id, POINTS)
    .run();
  const rows = Array.from({ length: POINTS * 60 }, (_, i): Sample => {
    return [1000 + (i % POINTS), START + Math.floor(i / POINTS) * 60_000, 20 + (i % 977) / 16];
  });
  const written = { sync: 0, rollUp: 0, settle: 0 };
  let largest = 0;
  let statements = 0;
  const metered = (job: keyof typeof written) =>
    interceptedDatabase(db, async (execute, count) => {
      const answer = await execute();
      statements += count;
      let changed = 0;
      for (const result of [answer].flat()) {
        const meta = z.object({ meta: z.object({ rows_written: z.int() }) }).safeParse(result);
        if (meta.success) changed += meta.data.meta.rows_written;
      }
      written[job] += changed;
      largest = Math.max(largest, changed);
      return answer;
    });
  await upsertSamples(metered("sync"), pointSamples(rows));
  expect(written.sync).toBeLessThanOrEqual(POINTS + 4);
  statements = 0;
  expect(await rollUpHours(metered("rollUp"), site.id, 0, () => END)).toMatchObject({ rolledUp: 1, rowsChanged: 287 });
  expect(statements).toBeLessThanOrEqual(16);
  // and the hour's own row, and the clock's with the mark
  expect(written.rollUp).toBe(287 + 2);

  // a late sample of one point: its row, the hour's and the clock's
  await upsertSamples(db, pointSamples([[1000, START + 30, 1]]));
  written.rollUp = 0;
  expect(await rollUpHours(metered("rollUp"), site.id, 0, () => END)).toMatchObject({ rolledUp: 1, rowsChanged: 1 });
  expect(written.rollUp).toBe(3);

  // the day's file: no transaction of more than 1,000 rows, those of the points' first and last times included
  await db.prepare("UPDATE points SET first_seen = NULL WHERE site_id = ?1").bind(site.id).run();
  const context = { db: metered("settle"), bucket: env.TIMESERIES, hotDays: 0, now: () => END };
  const settled = await settleFromSegments(context, { build: "large", site, day: DAY });
  expect(settled.outcome).toBe("settled");
  expect(await db.prepare("SELECT count(*) AS n FROM points WHERE first_seen IS NULL AND id >= 1000").first("n")).toBe(
    0,
  );
  expect(written.settle).toBeGreaterThan(POINTS);
  expect(largest).toBeLessThanOrEqual(1_000);
});
