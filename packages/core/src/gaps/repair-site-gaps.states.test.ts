import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { GapWorld } from "../../test/gap-world.ts";
import { MINUTE_MS } from "../../test/sync-world.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { markSeenStatement, seenRanges } from "../catalog/seen.ts";
import { dayOf, dayStart } from "../domain/day.ts";
import { upsertSamples } from "../../test/store.ts";

const HOUR_MS = 60 * MINUTE_MS;
const NOON = Date.UTC(2025, 9, 12, 12);
const NOW = NOON + 7 * MINUTE_MS;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

async function hoursPass(world: GapWorld, from: number, to: number) {
  const runs = [];
  for (let hour = from; hour <= to; hour++) {
    world.sync.clock.set(NOW + hour * HOUR_MS);
    await world.sync.catchUp();
    runs.push(await world.hourly());
  }
  return runs;
}

test("a silent point is one open gap until it ends or is confirmed", async () => {
  const silence = { start: NOON - 3 * HOUR_MS, end: NOON + 5 * HOUR_MS };
  const isSilent = (point: number, time: number) => point === 1 && time >= silence.start && time < silence.end;
  const world = new GapWorld({ db, bucket: env.TIMESERIES, site: "ses_silent", now: NOW, hours: 6, isSilent });
  const [first, ...later] = await hoursPass(world, 0, 4);
  expect(first!.repair).toMatchObject({ asked: 1, windows: 2, requests: 2, inserted: 0 });
  expect(await world.gaps()).toMatchObject([{ end: Number.POSITIVE_INFINITY, state: "open", cause: "point_silent" }]);
  const [shown] = await world.shownGaps(NOON);
  expect(shown).toEqual([expect.stringContaining("ses/"), -181, Number.POSITIVE_INFINITY, "open"]);
  for (const { detected } of later) expect(detected).toMatchObject([{ rowsWritten: 0, remaining: 0 }]);
  // after the first, third and … hour, not each hour
  expect(later.reduce((sum, { repair }) => sum + repair!.asked, 0)).toBe(2);
  await hoursPass(world, 6, 28);
  expect(await world.shownGaps(NOON)).toEqual([[shown![0], -181, 300, "open"]]);
  await hoursPass(world, 29, 54);
  expect(await world.gaps()).toMatchObject([{ state: "confirmed-empty", cause: "upstream_empty", recovered: 0 }]);
  const { attempts, resolvedAt } = (await world.gaps())[0]!;
  expect(resolvedAt).toBeGreaterThan(silence.end + 24 * HOUR_MS);
  expect(attempts).toBeLessThan(12);
});

test("without a proven end of its windows a gap stays open, with the reason", async () => {
  const isSilent = (_: number, time: number) => time >= NOON - 3 * HOUR_MS && time < NOON - 2 * HOUR_MS;
  const world = new GapWorld({ db, bucket: env.TIMESERIES, site: "ses_unproved", now: NOW, hours: 5, isSilent });
  await world.sync.catchUp();
  const { upstream } = world.sync;
  const rule = { fault: "cut", endpoint: "timeseries" } as const;
  const broken = world.sync.simulate([], { rules: [rule] });
  for (const answer of [
    () => Promise.resolve(Response.json({ point_samples: [] })),
    () => Promise.resolve(Response.json({ point_samples: [], next_cursor: "x", has_more: true })),
    () => Promise.resolve(new Response("", { status: 503 })),
    (request: Request) => broken(request),
  ]) {
    world.sync.upstream = answer;
    world.sync.clock.set(world.sync.clock.now() + 30 * HOUR_MS);
    expect((await world.hourly()).repair).toMatchObject({ asked: 1, incomplete: 1, inserted: 0 });
    const [gap] = await world.gaps();
    expect(gap).toMatchObject({ state: "open", proofs: 0, lastError: expect.stringMatching(/ACE/) });
  }
  world.sync.upstream = upstream;
  for (let run = 0; run < 2; run++) {
    world.sync.clock.set(world.sync.clock.now() + 30 * HOUR_MS);
    await world.hourly();
  }
  expect(await world.gaps()).toMatchObject([{ state: "confirmed-empty", proofs: 2, lastError: null, attempts: 6 }]);
});

test("points without data, configuration or cadence are counted, not judged", async () => {
  const isSilent = (point: number, time: number) => point === 0 || time >= NOON - HOUR_MS;
  const world = new GapWorld({ db, bucket: env.TIMESERIES, site: "ses_unjudged", now: NOW, hours: 5, isSilent });
  await world.sync.catchUp();
  const { siteId } = await world.sync.state();
  await db
    .prepare("UPDATE points SET interval_s = NULL, interval_source = NULL WHERE site_id = ?1 AND source = 'catalog'")
    .bind(siteId)
    .run();
  await world.hourly();
  expect(await world.gaps()).toEqual([]);
  const row = await db.prepare("SELECT unjudged, expected FROM gap_sites WHERE site_id = ?1").bind(siteId).first();
  expect(row).toEqual({ unjudged: 4, expected: 0 });
});

test("a run writes 200 rows of silent points, and the next run the rest", async () => {
  const isSilent = (point: number, time: number) => point < 240 && time >= NOON - HOUR_MS;
  const world = new GapWorld({
    db,
    bucket: env.TIMESERIES,
    site: "ses_half",
    now: NOW,
    hours: 3,
    points: 300,
    isSilent,
  });
  await world.sync.catchUp();
  expect((await world.hourly({ maxRequests: 3 })).detected).toMatchObject([{ rowsWritten: 200, remaining: 1 }]);
  expect((await world.hourly({ maxRequests: 3 })).detected).toMatchObject([{ rowsWritten: 40, remaining: 0 }]);
  expect((await world.hourly({ maxRequests: 3 })).detected).toMatchObject([{ rowsWritten: 0, remaining: 0 }]);
  expect(new Set((await world.gaps()).map(({ pointId }) => pointId)).size).toBe(240);
});

test("a scan before the first sync does not hide later gaps", async () => {
  const isSilent = (_: number, time: number) => time >= NOON - 3 * HOUR_MS && time < NOON - 2 * HOUR_MS;
  const world = new GapWorld({ db, bucket: env.TIMESERIES, site: "ses_early", now: NOW, hours: 5, isSilent });
  await world.hourly();
  await world.sync.catchUp();
  await world.hourly();
  expect(await world.gaps()).toMatchObject([{ pointId: 0, state: "open" }]);
});

test("the silence between older and synced samples is a gap over its days", async () => {
  const today = dayOf(NOON);
  const isSilent = (_: number, time: number) => time < NOON - 2 * HOUR_MS;
  const world = new GapWorld({ db, bucket: env.TIMESERIES, site: "ses_backfilled", now: NOW, hours: 4, isSilent });
  await world.sync.catchUp();
  await world.hourly();
  expect(await world.gaps()).toEqual([]);

  const { siteId } = await world.sync.state();
  const points = new Map([...(await loadCatalog(db, siteId)).values()].map((point) => [point.id, point]));
  const configured = [...points.values()].filter((point) => point.configured && point.source === "catalog");
  const minutes = Array.from({ length: 60 }, (_, minute) => dayStart(today - 1) + 18 * HOUR_MS + minute * MINUTE_MS);
  const rows = configured.flatMap(({ id }) => minutes.map((time) => ({ id, time })));
  const samples = {
    pointIds: Int32Array.from(rows, ({ id }) => id),
    times: Float64Array.from(rows, ({ time }) => time),
    values: new Float64Array(rows.length),
    length: rows.length,
  };
  await upsertSamples(db, samples, [markSeenStatement(db, seenRanges(samples, points))]);
  expect(await world.settle(today - 1)).toBe("settled");
  await world.hourly();
  expect(await world.shownGaps(NOON)).toEqual([["site", -1021, -120, "open"]]);
});

test("two runs at once, and a repeated run, have the result of one run", async () => {
  const isSilent = (point: number, time: number) => point < 2 && time >= NOON - 2 * HOUR_MS && time < NOON - HOUR_MS;
  const world = new GapWorld({ db, bucket: env.TIMESERIES, site: "ses_twice", now: NOW, hours: 4, isSilent });
  await world.sync.catchUp();
  await Promise.all([world.hourly(), world.hourly(), world.hourly()]);
  await world.hourly();
  const gaps = await world.gaps();
  expect(gaps.map(({ state }) => state)).toEqual(["open", "open"]);
  expect(new Set(gaps.map(({ pointId }) => pointId)).size).toBe(2);
});

test("an unconfigured point's gap is not requested, and is removed later", async () => {
  let isBack = false;
  const isSilent = (point: number, time: number) =>
    point < 2 && time >= NOON - 3 * HOUR_MS && time < NOON - 2 * HOUR_MS && !isBack;
  const world = new GapWorld({ db, bucket: env.TIMESERIES, site: "ses_retired", now: NOW, hours: 5, isSilent });
  await world.sync.catchUp();
  await world.hourly();
  const silent = (await world.gaps()).map(({ pointId }) => pointId);
  expect(silent).toHaveLength(2);
  const configure = (configured: number) =>
    db.batch(silent.map((id) => db.prepare("UPDATE points SET configured = ?2 WHERE id = ?1").bind(id, configured)));
  await configure(0);
  // The list is always recent, so that no sync asks for it and finds the points configured.
  await db.prepare("UPDATE sites SET catalog_at = ?1").bind(Number.MAX_SAFE_INTEGER).run();
  isBack = true;
  const [away] = await hoursPass(world, 2, 2);
  expect(away!.repair).toMatchObject({ asked: 0, requests: 0 });
  await configure(1);
  await db.prepare("UPDATE points SET configured = 0 WHERE id = ?1").bind(silent[0]).run();
  await hoursPass(world, 3, 3);
  const stateOf = async () => new Map((await world.gaps()).map(({ pointId, state }) => [pointId, state]));
  expect(await stateOf()).toEqual(
    new Map([
      [silent[0], "open"],
      [silent[1], "repaired"],
    ]),
  );
  await db
    .prepare("UPDATE gaps SET next_attempt_at = next_attempt_at - ?2 WHERE point_id = ?1")
    .bind(silent[0], 8 * 24 * HOUR_MS)
    .run();
  await hoursPass(world, 4, 4);
  expect(await stateOf()).toEqual(new Map([[silent[1], "repaired"]]));
});
