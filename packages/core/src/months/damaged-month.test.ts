import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { MonthSite } from "../../test/month-site.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { queriedDays } from "../../test/queried-day.ts";
import { queriedHours } from "../../test/queried-hours.ts";
import { hexBytes } from "../bytes/hex.ts";
import { pointMonthKey } from "../rollups/month-key.ts";
import { decodePointMonth, encodePointMonth } from "../rollups/point-month.ts";
import { writeMonths } from "../rollups/write-months.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { rebuildRollups } from "../rebuild/rebuild-rollups.ts";
import { monthFileKey } from "../r2/month-file-key.ts";
import { dayStart, parseDay } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { monthDays, monthOf } from "../domain/month.ts";
import { type ColdBucket, coldLevel } from "../read/cold-level.ts";
import { planFiles } from "../read/cold-plan.ts";
import { MAX_COLD } from "../read/limits.ts";
import { readBlock } from "../read/read-block.ts";
import { readFiles } from "../read/read-files.ts";
import { readStored } from "../read/stored.ts";

// A month file is a copy: for any damage to it, the samples are those of the days.

const MONTH = monthOf(parseDay("2025-10-01")!);
const DAYS = [1, 2, 3, 17, 30, 31];

let db: D1Database;
let site: MonthSite;
let key: string;
let lines: readonly string[];

beforeAll(async () => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  db = await migratedDatabase();
});

const built = preparedStorage(
  async () => {
    site = await MonthSite.of(db, "ses_damaged", MONTH, ["a", "b"]);
    await site.settleAll(DAYS, (day) => [0, 1, 2, 3].map((hour) => [hour % 2, hour * HOUR_MS + day, day / 3 + hour]));
    await site.build();
    key = monthFileKey(site.site.name, MONTH);
    ({ lines } = await site.query());
  },
  env.TIMESERIES,
  [env.DB],
);

beforeEach(built);

/** Puts changed bytes of the month file under the same key. */
async function rewrite(change: (bytes: Uint8Array) => void): Promise<void> {
  const object = (await env.TIMESERIES.get(key))!;
  const bytes = new Uint8Array(await object.arrayBuffer());
  change(bytes);
  await env.TIMESERIES.put(key, bytes);
}

/** Makes D1 accept the object in R2 as the built one. */
async function adopt(): Promise<void> {
  const { etag } = (await env.TIMESERIES.head(key))!;
  await db.prepare("UPDATE month_files SET etag = ?1").bind(etag).run();
}

test("the month file is read while it is undamaged", async () => {
  const { answer } = await site.query();
  expect([lines.length, answer.cold.requests, answer.unreadableMonths]).toEqual([4 * DAYS.length, 1, []]);
});

test.each<[string, () => Promise<unknown>]>([
  ["is gone", () => env.TIMESERIES.delete(key)],
  ["is another object", () => rewrite(() => undefined).then(() => env.TIMESERIES.put(key, "something else"))],
  [
    "has a changed byte",
    () =>
      rewrite((bytes) => {
        bytes[10] = bytes[10]! ^ 1;
      }).then(adopt),
  ],
  ["is cut off", () => env.TIMESERIES.put(key, new Uint8Array(20)).then(adopt)],
  [
    "lacks a sample that D1 places in its day",
    async () => {
      await site.store(17, [[0, 5 * HOUR_MS, 9]]);
      await site.settle(17);
      // As if the file had been made of this day instead of the one before.
      const { generation } = (await readManifestDay(db, site.site.id, site.day(17)))!;
      await db.prepare("UPDATE month_files SET days = json_set(days, '$[16]', ?1)").bind(generation).run();
      site.rest();
      expect(await site.build()).toEqual([MONTH]);
      expect(await site.row()).toMatchObject({ generation: 1 });
    },
  ],
])("a file that %s is dropped, logged and rebuilt", async (damageName, damage) => {
  await damage();
  const { answer, lines: found } = await site.query();
  const late = `a ${dayStart(site.day(17)) + 5 * HOUR_MS} 9`;
  expect(found.filter((line) => line !== late)).toEqual(lines);
  expect(found.includes(late)).toBe(damageName.startsWith("lacks"));
  expect([answer.partial, answer.unreadable, answer.misplaced]).toEqual([false, [], []]);
  expect(answer.unreadableMonths).toEqual([{ month: MONTH, reason: expect.any(String), provedBy: expect.any(String) }]);
  expect(await site.row()).toMatchObject({ file: null, reason: answer.unreadableMonths[0]!.reason });
  // The next query does not try the file again.
  const again = await site.query();
  expect([again.lines, again.answer.unreadableMonths]).toEqual([found, []]);
  site.rest();
  expect(await site.build()).toEqual([MONTH]);
  const last = await site.query();
  expect([last.lines, last.answer.cold.requests, last.answer.unreadableMonths]).toEqual([found, 1, []]);
  expect(await site.row()).toMatchObject({ reason: null, attempts: 0 });
});

test("a damaged place in D1 costs a request per day and no sample", async () => {
  const { id } = site.points[0]!;
  await db.prepare("UPDATE point_months SET head = x'00' WHERE key >> 12 = ?1").bind(id).run();
  const { lines: found, answer } = await site.query();
  expect([found, answer.partial]).toEqual([lines, false]);
});

test("a wrong sample count of a day in D1 does not condemn the file", async () => {
  const key1 = pointMonthKey(site.points[0]!.id, MONTH);
  const stored = db.prepare("SELECT hex(head) AS head, hex(hours) AS hours FROM point_months WHERE key = ?1");
  const row = (await stored.bind(key1).first<{ head: string; hours: string }>())!;
  const { days, file } = decodePointMonth({ head: hexBytes(row.head), hours: hexBytes(row.hours) });
  const wrong = days.map((day, i) => {
    if (i !== 16 || day === null || day.slice === null) return day;
    const { hours, locator } = day.slice;
    return { ...day, slice: { hours, locator: { ...locator, rows: locator.rows - 1 } } };
  });
  await db.batch(writeMonths(db, new Map([[key1, encodePointMonth({ days: wrong, file })]])));
  const { lines: found, answer } = await site.query();
  expect([found, answer.partial]).toEqual([lines, false]);
  expect(answer.misplaced).toMatchObject([{ day: site.day(17) }]);
  expect(answer.unreadableMonths).toMatchObject([{ month: MONTH, provedBy: null }]);
  expect(await site.row()).toMatchObject({ file: { key }, reason: null });
});

test("if R2 fails, the days are read and the file stays", async () => {
  const bucket: ColdBucket = {
    get: (at, options) => (at === key ? Promise.reject(new Error("R2 is ill")) : env.TIMESERIES.get(at, options)),
    head: (at) => env.TIMESERIES.head(at),
  };
  const { first, end } = monthDays(MONTH);
  const { answer, lines: found } = await queriedDays(db, bucket, { site: site.site, first, last: end - 1 });
  expect([found, answer.partial]).toEqual([lines, false]);
  expect(answer.unreadableMonths).toEqual([{ month: MONTH, reason: "R2 is ill", provedBy: null }]);
  expect(await site.row()).toMatchObject({ file: { key }, reason: null });
});

/** The reads of the first days of the month, of both points. */
async function planned(days: number) {
  const range = { start: dayStart(site.day(1)), end: dayStart(site.day(days + 1)) };
  const ids = site.points.map(({ id }) => id);
  const stored = await readStored(db, site.site.id, ids, range, "locators");
  return planFiles(stored.days, stored.pointDays!, site.points, stored.months);
}

test.each([
  [0, DAYS.length, 0],
  [1, 0, DAYS.length],
])("days of a lost file are not read if they need %d requests too many", async (excess, read, unreadable) => {
  const files = await planned(31);
  await env.TIMESERIES.delete(key);
  const cost = { requests: MAX_COLD.requests - 1 - DAYS.length + excess, bytes: 0 };
  const found = await readBlock(coldLevel(db, env.TIMESERIES, site.site.id), files, site.points, cost);
  expect([found.days.size, found.unreadable.length]).toEqual([read, unreadable]);
  expect(found.unreadable.filter(({ provedBy }) => provedBy !== null)).toEqual([]);
  expect(found.months).toMatchObject([{ month: MONTH, provedBy: expect.any(String) }]);
  expect(cost.requests).toBeLessThanOrEqual(MAX_COLD.requests);
});

test("days read from the month file hold no samples of other days", async () => {
  const files = await planned(17);
  expect(files.map(({ month }) => month !== null)).toEqual([true, true, true, true]);
  const outcomes = await readFiles({ db, bucket: env.TIMESERIES }, files, { requests: 0, bytes: 0 });
  const held = outcomes.flatMap((outcome) => ("series" in outcome ? [...outcome.series.values()] : []));
  // two samples a day
  expect(held.map(({ times }) => times.buffer.byteLength)).toEqual(held.map(() => 4 * 2 * 8));
});

test("damaged packed aggregates are lost for their point only, until a rebuild", async () => {
  const before = await queriedHours(db, site);
  const { id } = site.points[0]!;
  await db.prepare("UPDATE point_months SET hours = x'00' WHERE key >> 12 = ?1").bind(id).run();
  await expect(queriedHours(db, site)).rejects.toThrow("partial");
  const context = { db, bucket: env.TIMESERIES, lookbackMs: 0, now: site.now };
  for (const day of DAYS) {
    const first = site.day(day);
    const { rowsChanged, skipped } = await rebuildRollups(context, site.site.id, { first, last: first });
    // One damaged slice makes all points of the row count.
    expect([rowsChanged, skipped]).toEqual([2, []]);
  }
  expect(await queriedHours(db, site)).toEqual(before);
  // The next build packs them again.
  site.rest();
  expect(await site.build()).toEqual([MONTH]);
  expect(await queriedHours(db, site)).toEqual(before);
  expect((await site.row())!.packed.filter((generation) => generation !== null)).toHaveLength(DAYS.length);
});
