import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CrashPoint } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import type { Sample } from "../../test/points.ts";
import { RollupWorld } from "../../test/rollup-world.ts";
import { ProcessDied } from "../../test/memory-engine.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { judgeDay, type PointExpectations } from "../quality/judge-day.ts";
import { Scratch } from "../quality/scratch.ts";
import { readQuality } from "../query/read-quality.ts";
import { judgeDays } from "./judge-days.ts";
import { judgeStoredDay } from "./judge-stored-day.ts";

const START = Date.parse("2025-10-12");
const DAY = START / DAY_MS;
const MINUTE = 60_000;
const CADENCE_MS = 10 * MINUTE;
const ROOM: PointExpectations = {
  kind: "sensor",
  unit: "°F",
  expectation: { cadenceMs: CADENCE_MS, toleranceMs: 3 * CADENCE_MS, isPromised: true },
};
/** a room; a point in the file only; a hot point; a point without samples on the day */
const NAMES = ["a/room", "b/cold", "c/hot", "d/silent"];

/** SQL: each point's quality with another score, and another number of spikes. */
const WRONG_QUALITY =
  "(SELECT jsonb_group_object(e.key, json_set(e.value, '$[0]', 0.1, '$[6]', 7)) FROM json_each(quality) e)";
const HALF_SCORES = "(SELECT jsonb_group_object(e.key, json_set(e.value, '$[0]', 0.5)) FROM json_each(quality) e)";

let db: D1Database;
let world: RollupWorld;
beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(async () => {
  world = await RollupWorld.create(db, env.TIMESERIES, NAMES);
  await db.exec(
    "UPDATE points SET unit = '°F', interval_s = 600, interval_source = 'configured', tags = '{\"kv\":{},\"markers\":[\"sensor\"]}'",
  );
  await db
    .prepare("UPDATE points SET first_seen = ?1 WHERE name = 'd/silent'")
    .bind(START - DAY_MS)
    .run();
  await passedBy(START + 3 * DAY_MS);
});
afterEach(async () => {
  await db.exec("DELETE FROM sync_state");
});

/** Records that the sync has watched since the day before, up to this time. */
async function passedBy(watermark: number, watchedFrom: number | null = START - DAY_MS): Promise<void> {
  await db
    .prepare("INSERT OR REPLACE INTO sync_state (site_id, watermark, watched_from, updated_at) VALUES (?1, ?2, ?3, 1)")
    .bind(world.site.id, watermark, watchedFrom)
    .run();
}

/** Stores samples before the sync has passed their hour. */
async function arrive(rows: readonly Sample[]): Promise<void> {
  await passedBy(START - HOUR_MS);
  await world.sync(rows);
  await passedBy(START + 3 * DAY_MS);
}

/** A room's samples of a day, every ten minutes, with a fault of each kind. */
function dayOf(point: number, from = 0, to = 144): Sample[] {
  const value = (i: number) => (i === 20 ? 999 : i === 40 ? 90 : Math.round(710 + 10 * Math.sin(i / 9) + (i % 3)) / 10);
  return Array.from({ length: to - from }, (_, i) => [point, START + (from + i) * CADENCE_MS, value(from + i)]);
}

const judge = (now = START + 2 * DAY_MS, database = db, bucket: R2Bucket = env.TIMESERIES) =>
  judgeDays({ db: database, bucket, now: () => now }, world.site.id, 10 * MINUTE);
const read = async (ids: readonly number[] | null = world.ids) =>
  readQuality(db, world.site.id, { from: DAY, to: DAY + 1 }, ids);
const states = async () => (await read()).days.map(({ isCurrent }) => isCurrent);

/** Compares each point's stored quality with the quality of the known samples. */
async function expectJudged(late: Record<number, number | null> = {}): Promise<void> {
  const { days, points } = await read();
  expect(days).toEqual([{ day: DAY, judgedAt: expect.any(Number), isCurrent: true }]);
  const found = new Map(points.map(({ id, ...point }) => [id, point]));
  for (const [point, id] of world.ids.entries()) {
    const samples = world.expected(point, { start: START, end: START + DAY_MS });
    const times = Float64Array.from(samples, ([, time]) => time);
    const values = Float64Array.from(samples, ([, , value]) => value);
    const is = judgeDay({ times, values }, ROOM, late[point] ?? null, new Scratch());
    const nothing = { score: 0, expected: 144, actual: 0, missing: 144, silentDays: 1 };
    const silent = NAMES[point] === "d/silent" ? nothing : undefined;
    expect(found.get(id)).toEqual(
      samples.length > 0 ? expect.objectContaining(is) : silent && expect.objectContaining(silent),
    );
  }
}

describe("the stored quality equals that of the samples", () => {
  test("of a hot day, with silent points, and in the older documents' view", async () => {
    await arrive([...dayOf(0), ...dayOf(2, 30)]);
    expect(await judge()).toMatchObject({ judged: 2, rowsChanged: 1, failed: [] });
    // watched, and no sample came late
    await expectJudged({ 0: 0, 2: 0 });
    expect((await read()).points[0]).toMatchObject({ outOfRange: 1, spikes: 1, outliers: 0, missing: 0, late: 0 });
    const { results } = await db
      .prepare("SELECT * FROM data_quality WHERE site_name = 'ses_rollups' AND date = '20251012' ORDER BY point_name")
      .all();
    expect(results).toEqual([
      row("a/room", 144, 144, 0, 1, 0.9861),
      row("c/hot", 144, 114, 30, 1, 0.7847),
      row("d/silent", 144, 0, 144, 0, 0),
    ]);
    const metadata = await db.prepare("SELECT * FROM query_metadata WHERE point_name = 'a/room'").first();
    expect(metadata).toMatchObject({
      site_name: "ses_rollups",
      total_samples: 144,
      last_aggregated: expect.any(Number),
    });
    expect(await judge()).toMatchObject({ judged: 0, rowsChanged: 0, remaining: 0 });
  });

  test("of a backfilled day at once, with an unknown number of late samples", async () => {
    await passedBy(START - DAY_MS, null);
    await world.backfill(DAY, [...dayOf(0), ...dayOf(1, 0, 72)]);
    await expectJudged();
    expect((await read()).points.map(({ late }) => late)).toEqual([null, null, null]);
    expect(await judge()).toMatchObject({ judged: 0, remaining: 0 });
  });

  test("of a day with hot rows beside its file", async () => {
    await world.backfill(DAY, [...dayOf(0, 0, 100), ...dayOf(1)]);
    await world.sync([...dayOf(0, 90), ...dayOf(2)]);
    expect(await states()).toEqual([false]);
    await judge();
    await expectJudged();
    // the aggregates are still those of the file
    expect(await world.rebuild(DAY, DAY, START + 2 * DAY_MS)).toMatchObject({ rowsChanged: 0, qualitiesChanged: 0 });
    await expectJudged();
  });

  test("of a settled day, with samples that came late before it was settled", async () => {
    await arrive(dayOf(0, 0, 100));
    await judge();
    await world.sync(dayOf(0, 95));
    expect(await states()).toEqual([false]);
    await judge();
    await expectJudged({ 0: 44 });
    await world.settle(DAY);
    await expectJudged({ 0: 44 });
    expect(await judge()).toMatchObject({ judged: 0, remaining: 0 });
    expect(await world.rebuild(DAY, DAY, START + 2 * DAY_MS)).toMatchObject({ judged: 1, qualitiesChanged: 0 });
  });

  test("of a day on which the sync received no samples", async () => {
    expect(await judge()).toMatchObject({ judged: 2, rowsChanged: 0 });
    await expectJudged();
    await passedBy(START + 3 * DAY_MS, null);
    await db.exec("DELETE FROM quality_days");
    expect(await judge()).toMatchObject({ judged: 0 });
  });

  test("a rebuild corrects a wrong quality", async () => {
    await arrive([...dayOf(0), ...dayOf(2)]);
    await world.rollUp(START + 2 * DAY_MS);
    await judge();
    await db.exec(`UPDATE block_days SET quality = ${WRONG_QUALITY}`);
    expect(await world.rebuild(DAY, DAY, START + 2 * DAY_MS)).toMatchObject({
      judged: 1,
      rowsChanged: 0,
      qualitiesChanged: 1,
    });
    await expectJudged({ 0: 0, 2: 0 });
  });
});

describe("a day is judged", () => {
  test("after its end and lookback, once the sync has passed it", async () => {
    await arrive(dayOf(0));
    const end = START + DAY_MS;
    await passedBy(end - 1);
    expect(await judge(end + HOUR_MS)).toMatchObject({ judged: 1, remaining: 0 });
    expect((await read()).days).toEqual([]);
    await passedBy(end);
    await judge(end + 10 * MINUTE - 1);
    expect((await read()).days).toEqual([]);
    await judge(end + 10 * MINUTE);
    await expectJudged({ 0: 0 });
  });

  test("again when its samples change; points without samples are silent", async () => {
    await arrive([...dayOf(0), ...dayOf(3)]);
    await judge();
    await db.exec(`UPDATE segments SET body = jsonb_remove(body, '$."${world.ids[3]}"')`);
    await db.exec("UPDATE hot_hours SET version = version + 1");
    for (const key of world.samples.keys()) if (key.startsWith("3 ")) world.samples.delete(key);
    expect(await states()).toEqual([false]);
    expect(await judge()).toMatchObject({ judged: 1, rowsChanged: 1 });
    await expectJudged({ 0: 0 });
  });

  test("again after an older formula, but never from a suspect file", async () => {
    await world.backfill(DAY, dayOf(0));
    await db.exec("UPDATE quality_days SET formula = 0");
    expect(await states()).toEqual([false]);
    await db.exec("UPDATE day_files SET state = 'suspect'");
    expect(await judgeStoredDay({ db, bucket: env.TIMESERIES, now: () => 1 }, world.site.id, DAY)).toBeNull();
    await db.exec("UPDATE day_files SET state = 'written'");
    expect((await judge()).rowsChanged).toBe(0);
    expect(await states()).toEqual([true]);
  });

  test("even if another day cannot be read", async () => {
    await arrive([...dayOf(0), [0, START + DAY_MS, 70]]);
    await db.exec(`UPDATE segments SET body = jsonb('{"1":{"a":1}}') WHERE (key >> 24) & 65535 = ${DAY + 1}`);
    const run = await judge(START + 2 * DAY_MS + HOUR_MS);
    expect(run).toMatchObject({ judged: 2, remaining: 1, failed: [{ day: "2025-10-13" }] });
    await expectJudged({ 0: 0 });
  });
});

describe.each(["before", "after"] as const)("a process that dies %s any of its calls", (kind) => {
  test("leaves a correct or stale quality, and the next run completes it", async () => {
    await world.backfill(DAY, [...dayOf(0, 0, 100), ...dayOf(1)]);
    await world.sync([...dayOf(0, 90), ...dayOf(2)]);
    for (let nth = 0, happened = true; happened; nth++) {
      await db.exec(`UPDATE hot_hours SET version = version + 1; UPDATE block_days SET quality = ${HALF_SCORES}`);
      const crash = new CrashPoint(nth, kind);
      const run = judge(START + 2 * DAY_MS, crash.database(db), crash.bucket(env.TIMESERIES));
      const ended = await run.catch((error: unknown) => {
        if (!(error instanceof ProcessDied)) throw error;
        return null;
      });
      ({ happened } = crash);
      if (ended !== null && ended.failed.length === 0) expect(ended.judged).toBeGreaterThan(0);
      const { days, points } = await read();
      if (days[0]?.isCurrent === true) await expectJudged();
      else expect(points[0]?.score).toBe(0.5);
      await judge();
      await expectJudged();
    }
  });
});

test("concurrent samples and settlings leave the quality right or stale", async () => {
  let changes = 0;
  for (let nth = 0, happened = true; happened; nth++) {
    world = await RollupWorld.create(db, env.TIMESERIES, NAMES);
    await db.exec(
      "UPDATE points SET unit = '°F', interval_s = 600, interval_source = 'configured', tags = '{\"kv\":{},\"markers\":[\"sensor\"]}'",
    );
    await db
      .prepare("UPDATE points SET first_seen = ?1 WHERE name = 'd/silent'")
      .bind(START - DAY_MS)
      .run();
    await passedBy(START + 3 * DAY_MS);
    await arrive(dayOf(0));
    let calls = 0;
    const disturb = async () => {
      if (calls++ !== nth) return;
      await (nth % 2 === 0 ? world.sync(dayOf(2, 0, 30)) : world.settle(DAY));
    };
    const point = new CrashPoint(Number.POSITIVE_INFINITY, "before", () => true, disturb);
    await judge(START + 2 * DAY_MS, point.database(db), point.bucket(env.TIMESERIES));
    happened = calls > nth;
    if ((await states())[0] === true) await expectJudged({ 0: 0, 2: 30 });
    else changes++;
    await judge();
    await expectJudged({ 0: 0, 2: 30 });
  }
  expect(changes).toBeGreaterThan(0);
});

function row(name: string, expected: number, actual: number, missing: number, outliers: number, score: number) {
  return {
    site_name: "ses_rollups",
    point_name: name,
    date: "20251012",
    expected_samples: expected,
    actual_samples: actual,
    missing_samples: missing,
    outlier_count: outliers,
    quality_score: score,
  };
}
