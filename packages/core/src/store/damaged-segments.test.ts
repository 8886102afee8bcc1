import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { emptyStore, siteWithPoints } from "../../test/naive-store.ts";
import { pointSamples, type Sample } from "../../test/points.ts";
import { deletePointRows } from "../deletion/delete-point-day.ts";
import { rollUpDay } from "../day-build/roll-up-day.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { countDamaged, type DamagedSegment } from "./damaged-segments.ts";
import { NOTHING_BESIDE, readHour, readSeriesBeside } from "./read-segments.ts";
import { readLatest } from "./read-latest.ts";
import { segmentKey } from "./segment-key.ts";
import { storeSamples } from "./store-samples.ts";

const FIRST_DAY = 20_373;
const DAY = FIRST_DAY * DAY_MS;
/** Blocks 0 and 1. */
const POINTS = [1, 2, 200];
const HURT = segmentKey(0, FIRST_DAY, 1);
const HURT_RANGE = { start: DAY, end: DAY + 60_001 };

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  await siteWithPoints(db, 1, POINTS);
});
beforeEach(async () => {
  vi.spyOn(console, "log").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
  await emptyStore(db);
  await db.exec("DELETE FROM damaged_segments");
  await store(HURT_SAMPLES, 1);
  await store(SOUND_SAMPLES, 2);
});
afterEach(() => vi.restoreAllMocks());

const HURT_SAMPLES: Sample[] = [
  [1, DAY, 1.5],
  [1, DAY + 60_000, 2],
  [2, DAY, -0],
];
const SOUND_SAMPLES: Sample[] = [
  [200, DAY + 7, 4],
  [1, DAY + 120_000, 3],
];

const store = (samples: readonly Sample[], asked: number) =>
  storeSamples({ db, siteId: 1, now: () => DAY }, pointSamples(samples), asked);

const damage = (body: string) => db.prepare(`UPDATE segments SET body = ${body} WHERE key = ${HURT}`).run();

const lines = (series: ReadonlyMap<number, { readonly times: Float64Array; readonly values: Float64Array }>) =>
  [...series].flatMap(([id, { times, values }]) => [...times].map((time, i): Sample => [id, time, values[i]!]));

async function readAll() {
  const wanted = {
    siteId: 1,
    hours: new Map(POINTS.map((id) => [id, [DAY]])),
    range: { start: DAY, end: DAY + HOUR_MS },
  };
  const { series, damaged } = await readSeriesBeside(db, wanted, NOTHING_BESIDE);
  return { samples: lines(series), damaged };
}

async function readWholeHour() {
  const damaged: DamagedSegment[] = [];
  const samples: Sample[] = [];
  for await (const part of readHour(db, 1, DAY, (some) => damaged.push(...some))) samples.push(...lines(part));
  return { samples, damaged };
}

const sorted = (samples: readonly Sample[]) => [...samples].sort(([a, t], [b, u]) => a - b || t - u);

/** Damage to a body, and the reader's error. */
const DAMAGES: [string, string, string][] = [
  ["a value that is no number", `jsonb('{"1":{"0":null},"2":{"0":1}}')`, "has a bad value"],
  ["JSONB that is cut off", "substr(body, 1, length(body) - 3)", "is malformed JSONB"],
  ["bytes of something else", "x'ffffffffffff'", "is malformed JSONB"],
];

test.each(DAMAGES)("%s costs only the samples of its row, and is counted", async (_, body, reason) => {
  expect(await countDamaged(db, 1)).toBe(0);
  await damage(body);
  for (const read of [readAll, readWholeHour]) {
    const { samples, damaged } = await read();
    expect(sorted(samples)).toEqual(sorted(SOUND_SAMPLES));
    expect(damaged).toMatchObject([{ key: HURT, reason: expect.stringContaining(reason), range: HURT_RANGE }]);
  }
  expect([await countDamaged(db, 1), await countDamaged(db, 2)]).toEqual([1, 0]);
});

test.each(DAMAGES)("%s does not stop a sync: the row's samples are stored again", async (_, body) => {
  await damage(body);
  const counts = await store([...HURT_SAMPLES, ...SOUND_SAMPLES], 3);
  expect(counts).toEqual({ inserted: 3, changed: 0, unchanged: 2, superseded: 0 });
  expect(sorted((await readAll()).samples)).toEqual(sorted([...HURT_SAMPLES, ...SOUND_SAMPLES]));
  // The next sync compares with the new row.
  expect(await store(HURT_SAMPLES, 4)).toMatchObject({ inserted: 0, unchanged: 3 });
  expect(await countDamaged(db, 1)).toBe(1);
});

test("no damaged byte stops a read or costs another row's sample", async () => {
  const { body } = (await db
    .prepare(`SELECT hex(body) AS body FROM segments WHERE key = ${HURT}`)
    .first<{ body: string }>())!;
  let skipped = 0;
  for (let at = 0; at < body.length; at += 6) {
    const byte = ["00", "ff", "5c", "7b"][(at / 6) % 4];
    await damage(`x'${body.slice(0, at)}${byte}${body.slice(at + 2)}'`);
    for (const read of [readAll, readWholeHour]) {
      const { samples, damaged } = await read();
      expect(samples).toEqual(expect.arrayContaining(SOUND_SAMPLES));
      skipped += damaged.length;
    }
  }
  expect(skipped).toBeGreaterThan(body.length / 8);
});

test("a read is checked only after SQLite refused a row", async () => {
  let statements = 0;
  const counting = interceptedDatabase(db, (execute) => {
    statements++;
    return execute();
  });
  const wanted = { siteId: 1, hours: new Map([[1, [DAY]]]), range: { start: DAY, end: DAY + HOUR_MS } };
  await readSeriesBeside(counting, wanted, NOTHING_BESIDE);
  expect(statements).toBe(1);
});

test("an hour with a damaged row is not rolled up", async () => {
  await damage("x'ff'");
  const day = { siteId: 1, day: FIRST_DAY, closed: DAY + DAY_MS, which: "all" } as const;
  expect(await rollUpDay(db, day)).toMatchObject({ hours: 0, failed: [{ hour: DAY }] });
});

test("a point is deleted although a row of its block is damaged", async () => {
  await damage("x'ff'");
  await deletePointRows(db, 1, 1);
  expect((await readAll()).samples).toEqual([[200, DAY + 7, 4]]);
  await damage(`jsonb('{"1":{"0":null},"2":{"0":5}}')`);
  await deletePointRows(db, 1, 1);
  expect(sorted((await readAll()).samples)).toEqual([
    [2, DAY, 5],
    [200, DAY + 7, 4],
  ]);
});

test.each(["{", "[]", '{"1":[1]}'])("a newest row %j is rebuilt from the segments", async (body) => {
  const newest = await readLatest(db, POINTS);
  expect(newest.size).toBe(3);
  const hurt = () => db.prepare("UPDATE block_latest SET body = ?1 WHERE block = 0").bind(body).run();
  await hurt();
  expect(await readLatest(db, POINTS)).toEqual(newest);
  await hurt();
  await store([[2, DAY + 9, 6]], 5);
  expect(await readLatest(db, POINTS)).toEqual(newest.set(2, { pointId: 2, time: DAY + 9, value: 6, asked: 5 }));
});

test("a damaged count of late samples does not stop a sync", async () => {
  await db.exec(
    "INSERT OR REPLACE INTO sync_state (site_id, watermark, watched_from, updated_at) VALUES (1, 9e12, 0, 1)",
  );
  const late = (time: number) =>
    storeSamples({ db, siteId: 1, now: () => DAY + DAY_MS }, pointSamples([[1, time, 1]]), 9);
  await late(DAY + 1_000);
  await db.exec("UPDATE late_samples SET samples = '{'");
  await late(DAY + 2_000);
  expect(await db.prepare("SELECT samples FROM late_samples").first("samples")).toBe('{"1":1}');
});
