import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { LATE, LOSE_COLD, RebuildWorld } from "../../test/rebuild-world.ts";
import { TEST_MONTH } from "../../test/arbitrary-day.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { monthFileKey } from "../r2/month-file-key.ts";
import { readMonthFiles } from "../manifest/month-files.ts";
import { MONTHS } from "../domain/month.ts";
import { type RebuildResult, rebuildDays } from "./rebuild-days.ts";
import type { RebuildContext, RebuildSite } from "./rebuild-day.ts";

const DAYS = 14;
let world: RebuildWorld;
let bucket: R2Bucket;
beforeAll(async () => {
  world = await RebuildWorld.open("ses_rebuild");
  ({ bucket } = world);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
beforeEach(async () => {
  await world.reset();
  await world.store(LATE);
});

interface Asked {
  from?: number;
  to?: number;
  site?: RebuildSite;
  isEverySite?: boolean;
  given?: Partial<RebuildContext>;
}

/** Runs until the cursor is null. */
async function rebuildAll({
  from,
  to,
  site = { ...world.site, db: world.db },
  isEverySite = true,
  given = {},
}: Asked = {}) {
  const runs: RebuildResult[] = [];
  for (let cursor: string | null = null; runs.length < 50;) {
    const range = { from: from ?? null, to: to ?? null };
    // a fixed clock; another test covers the time budget
    const context = world.context({ now: () => 1, ...given });
    const run = await rebuildDays(context, [site], { range, cursor, isEverySite });
    runs.push(run);
    if (run.next_cursor === null) return { runs, days: runs.flatMap(({ days }) => days) };
    cursor = run.next_cursor;
  }
  throw new Error("the cursor never ended");
}

const manyDays = preparedStorage(
  async () => {
    for (let day = 0; day < DAYS; day++) await world.settled(LATE, world.day + day);
  },
  env.TIMESERIES,
  [env.DB],
);

test("rebuilds many days in bounded runs, each day once and completely", async () => {
  await manyDays();
  const before = await stateOf();
  await world.db.exec(LOSE_COLD);
  const { runs, days } = await rebuildAll();
  expect(runs.map((run) => run.days.length)).toEqual([10, 4]);
  expect(days.map(({ key, outcome }) => [key, outcome])).toEqual(
    Array.from({ length: DAYS }, (_, day) => [dayFileKey(world.site.name, world.day + day), "rebuilt"]),
  );
  expect(await stateOf()).toEqual(before);
  const all = await world.stored();
  const again = await rebuildAll();
  expect(again.runs).toHaveLength(1);
  expect(new Set(again.days.map(({ outcome }) => outcome))).toEqual(new Set(["unchanged"]));
  expect(await world.stored()).toEqual(all);
});

/** The cold tables without build ids and times. */
async function stateOf(): Promise<unknown> {
  const files =
    "SELECT site_id, day, state, key, etag, sha256, bytes, rows, points, source, generation, pending, reason";
  const { db } = world;
  const [manifest, points] = await db.batch([
    db.prepare(`${files} FROM day_files ORDER BY day`),
    db.prepare("SELECT * FROM block_days ORDER BY key"),
  ]);
  return [manifest?.results, points?.results];
}

test("a run over its time budget ends early, but after one day at least", async () => {
  await manyDays();
  await world.db.exec(LOSE_COLD);
  let now = 0;
  const { runs, days } = await rebuildAll({ given: { now: () => (now += 20_000) } });
  expect(runs).toHaveLength(DAYS);
  expect(days).toHaveLength(DAYS);
});

test("handles only the days of the range, both ends included", async () => {
  await manyDays();
  await world.db.exec(LOSE_COLD);
  const range = { from: world.day + 3, to: world.day + 5 };
  const found = (await rebuildAll(range)).days;
  expect(found.map(({ day, outcome }) => `${day} ${outcome}`)).toEqual([
    "2025-10-15 rebuilt",
    "2025-10-16 rebuilt",
    "2025-10-17 rebuilt",
  ]);
  expect((await rebuildAll({ from: world.day + 13 })).days).toHaveLength(1);
  expect((await rebuildAll({ to: world.day })).days).toHaveLength(1);
  await bucket.delete([0, 4, 13].map((day) => dayFileKey(world.site.name, world.day + day)));
  expect((await rebuildAll({ from: world.day + 1, to: world.day + 12 })).days.filter(isMissing)).toHaveLength(1);
  expect((await rebuildAll()).days.filter(isMissing)).toHaveLength(3);
});
const isMissing = ({ outcome }: { outcome: string }) => outcome === "missing";

test("reports objects of unknown sites and names, and leaves them unread", async () => {
  await world.settled();
  const keys = [
    "timeseries/2025/10/12/ses_nowhere.parquet",
    "timeseries/2025/10/12/a b.parquet",
    "timeseries/2025/13/12/ses_rebuild.parquet",
    "timeseries/2025/10/12/ses_rebuild.parquet.bak",
    "timeseries/2025/10/12/deeper/ses_rebuild.parquet",
    "timeseries/2025/10/12/%zz.parquet",
    "timeseries/\u{1F600}",
    "timeseries/\uFFFD",
  ];
  for (const key of keys) await bucket.put(key, "x");
  const { days } = await rebuildAll();
  const outcomes = new Map(days.map(({ key, outcome }) => [key, outcome]));
  expect(Object.fromEntries(outcomes)).toEqual({
    [world.key]: "unchanged",
    [keys[0]!]: "unknown_site",
    ...Object.fromEntries(keys.slice(1).map((key) => [key, "misnamed"])),
  });
  expect(days).toHaveLength(outcomes.size);
  expect((await rebuildAll({ isEverySite: false })).days.map(({ outcome }) => outcome)).toEqual(["unchanged"]);
  expect((await bucket.list()).objects).toHaveLength(keys.length + 1);
});

test("reports month files of other sites, also alone on a list page", async () => {
  await world.settled();
  const months = Array.from({ length: 120 }, (_, i) => monthFileKey(`other_${i}`, TEST_MONTH));
  for (const key of months) await bucket.put(key, "x");
  const { runs, days } = await rebuildAll();
  expect(days.filter(({ outcome }) => outcome === "unknown_site").map(({ key }) => key)).toEqual(months.sort());
  expect(days.filter(({ outcome }) => outcome !== "unknown_site").map(({ key }) => key)).toEqual([world.key]);
  expect(runs.length).toBeGreaterThan(1);
  await bucket.delete(world.key);
  const ofSite = await rebuildAll({ isEverySite: false });
  expect(ofSite.days.map(({ key, outcome }) => [key, outcome])).toEqual([[world.key, "missing"]]);
});

test("an unknown or missing month file will be built again", async () => {
  await world.settled();
  const { db, site } = world;
  const key = monthFileKey(site.name, TEST_MONTH);
  const put = await bucket.put(key, "x");
  const etag = put!.etag;
  const outcomes = async (given: Partial<RebuildContext> = {}) =>
    (await rebuildAll({ given })).runs.flatMap(({ months }) => months.map(({ key: at, outcome }) => [at, outcome]));
  const register = async (known: string) => {
    await db.prepare("DELETE FROM month_files").run();
    const sql = "INSERT INTO month_files (site_id, month, key, etag, bytes, rows) VALUES (?1, ?2, ?3, ?4, 1, 1)";
    await db.prepare(sql).bind(site.id, TEST_MONTH, key, known).run();
  };
  const known = async () => (await readMonthFiles(db, site.id, 0, MONTHS)).map(({ file }) => file?.etag ?? null);
  expect(await outcomes()).toEqual([[key, "to_build"]]);
  await register(etag);
  expect([await outcomes(), await known()]).toEqual([[[key, "unchanged"]], [etag]]);
  await register("another");
  expect([await outcomes({ dryRun: true }), await known()]).toEqual([[[key, "to_build"]], ["another"]]);
  expect([await outcomes(), await known()]).toEqual([[[key, "to_build"]], [null]]);
  await register(etag);
  await bucket.delete(key);
  expect([await outcomes(), await known()]).toEqual([[[key, "to_build"]], [null]]);
  expect(await outcomes()).toEqual([]);
});

test("reports each of many objects and missing days once", async () => {
  await manyDays();
  await bucket.delete([0, 6, 13].map((day) => dayFileKey(world.site.name, world.day + day)));
  const others = Array.from({ length: 250 }, (_, i) => `timeseries/2025/10/1${i % 10}/other_${i}.parquet`);
  for (const key of others) await bucket.put(key, "x");
  const { runs, days } = await rebuildAll();
  expect(runs.length).toBeGreaterThan(2);
  expect(new Set(days.map(({ key }) => key)).size).toBe(days.length);
  const count = (wanted: string) => days.filter(({ outcome }) => outcome === wanted).length;
  expect([count("unknown_site"), count("unchanged"), count("missing")]).toEqual([250, 11, 3]);
  const ofSite = await rebuildAll({ isEverySite: false });
  expect(ofSite.days.map(({ outcome }) => outcome).filter((outcome) => outcome !== "unchanged")).toHaveLength(3);
});
