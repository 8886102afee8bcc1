import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { CrashPoint } from "../../test/crash-point.ts";
import { MonthSite } from "../../test/month-site.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { MemoryEngine } from "../../test/memory-engine.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { monthFileKey } from "../r2/month-file-key.ts";
import { deleteDay } from "../deletion/delete-day.ts";
import { deletePointDay } from "../deletion/delete-point-day.ts";
import { parseDay } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { monthOf } from "../domain/month.ts";

// Deleted samples of a built month remain nowhere.

const MONTH = monthOf(parseDay("2025-10-01")!);
const DAYS = [1, 2, 17, 31];

let db: D1Database;
let site: MonthSite;

beforeAll(async () => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  db = await migratedDatabase();
});

const built = preparedStorage(
  async () => {
    site = await MonthSite.of(db, "ses_deleted", MONTH, ["a", "b"]);
    await site.settleAll(DAYS, (day) => [0, 1].map((point) => [point, HOUR_MS + day, day + point]));
    await site.build();
  },
  env.TIMESERIES,
  [env.DB],
);

beforeEach(built);

const packedRows = () => db.prepare("SELECT count(*) FROM point_months").first("count(*)");

test("a month's packed aggregates go when all of its days are deleted", async () => {
  expect(await packedRows()).toBe(2);
  for (const day of DAYS) await deleteDay({ db, bucket: env.TIMESERIES }, site.site, site.day(day), site.time);
  site.rest();
  expect(await site.build()).toEqual([MONTH]);
  expect(await packedRows()).toBe(0);
  expect(await env.TIMESERIES.head(monthFileKey(site.site.name, MONTH))).toBeNull();
});

test("no month file has a day from which a point is being deleted", async () => {
  const [point] = site.points;
  let months: number[] | null = null;
  const bucket = interceptedBucket(env.TIMESERIES, async (execute, call) => {
    // After the month file was deleted, and before the day is written without the point.
    if (months === null && call === `get ${dayFileKey(site.site.name, site.day(31))}`) months = await site.build();
    return execute();
  });
  const build = { build: "deletion", site: site.site, day: site.day(31) };
  site.rest();
  expect(await deletePointDay({ db, bucket, hotDays: 0, now: site.now }, build, point!)).toBe("deleted");
  expect(months).toEqual([]);
  expect(await env.TIMESERIES.head(monthFileKey(site.site.name, MONTH))).toBeNull();
});

const objectOfMonth = () => env.TIMESERIES.head(monthFileKey(site.site.name, MONTH));

test("the object of a lost build goes when all days are deleted", async () => {
  await site.store(2, [[0, 5 * HOUR_MS, 9]]);
  await site.settle(2);
  site.rest();
  expect(await site.supervise()).toBe(MONTH);
  const { instance } = (await site.row())!;
  // The object is put, and D1 does not know it.
  await site.run(
    new MemoryEngine(),
    new CrashPoint(0, "after", (call) => call === `put ${monthFileKey(site.site.name, MONTH)}`),
  );
  site.states.set(instance!, { is: "ended", reason: "it was terminated" });
  for (const day of DAYS) await deleteDay({ db, bucket: env.TIMESERIES }, site.site, site.day(day), site.time);
  // As if it was put after the deletion.
  await env.TIMESERIES.put(monthFileKey(site.site.name, MONTH), "samples");
  // The lost build counts as failed, so the retry waits.
  expect(await site.build()).toEqual([]);
  site.rest();
  expect(await site.build()).toEqual([MONTH]);
  expect(await objectOfMonth()).toBeNull();
  expect(await site.row()).toMatchObject({ file: null, mayHaveObject: false, instance: null });
  expect(await site.supervise()).toBeNull();
});

test("an unused object goes when the site keeps no month files", async () => {
  await env.TIMESERIES.put(monthFileKey(site.site.name, MONTH), "something else");
  expect((await site.query()).answer.unreadableMonths).toHaveLength(1);
  site.keepsFiles = false;
  expect(await site.build()).toEqual([MONTH]);
  site.keepsFiles = true;
  expect([await objectOfMonth(), await site.row()]).toEqual([null, expect.objectContaining({ mayHaveObject: false })]);
});
