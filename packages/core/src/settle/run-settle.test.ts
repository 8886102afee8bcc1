import { createBuilding } from "@building-vitals/ace-simulator/building";
import type { FaultPlanInput } from "@building-vitals/ace-simulator/faults/fault-plan";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { emptyDatabase, migratedDatabase } from "../../test/database.ts";
import { pointSamples } from "../../test/points.ts";
import { SettleWorld } from "../../test/settle-world.ts";
import { upsertSamples } from "../../test/store.ts";
import { differences, sourceSamples } from "../../test/stored-samples.ts";
import { keysOf } from "../../test/stored-day.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { ProcessDied } from "../../test/memory-engine.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { refreshCatalog } from "../catalog/refresh-catalog.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { deleteDay } from "../deletion/delete-day.ts";
import { DAY_MS, dayRange } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { beginSite } from "../gaps/gap-sites.ts";
import { requestDays } from "../store/settle-days.ts";
import { storeSamples } from "../store/store-samples.ts";

const DAY = 20_373;
const { start: START, end: END } = dayRange(DAY);
const DUE = END + 2 * HOUR_MS;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(async () => {
  await emptyDatabase();
  const left = await keysOf(env.TIMESERIES, "");
  if (left.length > 0) await env.TIMESERIES.delete(left);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

const source = createBuilding({
  seed: 4,
  site: "ses_settle",
  timezone: "America/Chicago",
  points: 2,
  collectInterval: 600,
  weather: false,
});
const truth = sourceSamples(source, dayRange(DAY));

/** A site without syncs. Only this day is ever due. */
async function newWorld(faults: FaultPlanInput = {}, firstDay = DAY): Promise<SettleWorld> {
  const sync = new SyncWorld({ db, source, now: DUE, initialLookbackMs: 26 * HOUR_MS, faults });
  const made = await SettleWorld.of(sync);
  await beginSite(db, made.site.id, firstDay);
  return made;
}

/** A site whose sync has passed the day's end by two hours, without samples that the upstream withholds. */
async function syncedWorld(faults: FaultPlanInput = {}): Promise<SettleWorld> {
  const made = await newWorld(faults);
  await made.sync.catchUp();
  // hours of the next day, which these tests do not use
  await db.prepare("DELETE FROM hot_hours WHERE hour >= ?1").bind(END).run();
  return made;
}

const segments = () =>
  db.prepare("SELECT count(*) AS n FROM segments WHERE key >> 24 & 65535 = ?1").bind(DAY).first("n");
const manifest = (made: SettleWorld) => readManifestDay(db, made.site.id, DAY);
const down = () => Promise.resolve(new Response("{}", { status: 401 }));

/** Settles only this day. Later days without a row do not count as synced. */
async function settleAt(made: SettleWorld, now: number): Promise<number[]> {
  made.sync.clock.set(now);
  if ((await made.row(DAY)) !== null)
    await db
      .prepare("UPDATE gap_sites SET sync_from_day = ?1")
      .bind(DAY + 9_999)
      .run();
  return made.settle();
}

/** Stores a sample that the API lacks, as an import does. @returns its line */
async function storeOne(made: SettleWorld, value: number): Promise<string> {
  const [point] = [...(await loadCatalog(db, made.site.id)).values()];
  await upsertSamples(db, pointSamples([[point!.id, START + 1234, value]]));
  return `${point!.name} ${START + 1234} ${value}`;
}

test("builds a day after two hours, for late samples, after 3 and 7 days", async () => {
  // withheld while the sync passed, in pieces too short for a gap
  const ranges = Array.from({ length: 10 }, (_, i): [number, number] => {
    const at = START + 5 * HOUR_MS + i * 20 * 60_000;
    return [at, at + 10 * 60_000];
  });
  const made = await syncedWorld({ rules: [{ fault: "missing_hours", ranges, healedAt: DUE + 1 }] });
  expect((await made.query(DAY)).length).toBeLessThan(truth.length);
  const built = DUE + 1;
  expect(await settleAt(made, built)).toEqual([DAY]);
  expect(differences(truth, await made.query(DAY))).toEqual([]);
  expect(await manifest(made)).toMatchObject({ state: "written", source: "api" });
  expect(await made.row(DAY)).toMatchObject({ step: 1, outcome: "settled", dueAt: END + 3 * DAY_MS, settledAt: built });
  expect(await segments()).toBe(0);
  expect(await keysOf(env.TIMESERIES, "")).toEqual([dayFileKey(made.site.name, DAY)]);

  const late = await storeOne(made, 1);
  const { ranAt } = (await made.row(DAY))!;
  expect(await settleAt(made, ranAt! + 6 * HOUR_MS - 1)).toEqual([]);
  expect(await settleAt(made, ranAt! + 6 * HOUR_MS)).toEqual([DAY]);
  const all = [...truth, late].sort();
  expect([await made.query(DAY), await segments()]).toEqual([all, 0]);
  // a run for late samples is no step
  expect(await made.row(DAY)).toMatchObject({ outcome: "settled", step: 1, dueAt: END + 3 * DAY_MS });

  const requests = made.sync.asked.length;
  for (const [days, step, dueAt] of [
    [3, 2, END + 7 * DAY_MS],
    [7, 3, null],
  ] as const) {
    expect(await settleAt(made, END + days * DAY_MS)).toEqual([DAY]);
    expect(await made.row(DAY)).toMatchObject({ outcome: "unchanged", step, dueAt, settledAt: END + days * DAY_MS });
  }
  // 24 hours, and two pages of the list, in each run
  expect(made.sync.asked.length - requests).toBeLessThanOrEqual(52);
  expect(await settleAt(made, END + 300 * DAY_MS)).toEqual([]);
  expect(await made.query(DAY)).toEqual(all);

  // no run builds on a suspect file, or makes a request for it
  await env.TIMESERIES.put(dayFileKey(made.site.name, DAY), "not what was written");
  await storeOne(made, 2);
  const asked = made.sync.asked.length;
  expect(await settleAt(made, END + 301 * DAY_MS)).toEqual([DAY]);
  expect(await made.row(DAY)).toMatchObject({
    outcome: "suspect",
    reason: expect.stringContaining("not one that a build wrote"),
  });
  expect([made.sync.asked.length - asked, await segments()]).toEqual([0, 1]);
});

test("a day is requested twice if the source adds nothing", async () => {
  const made = await syncedWorld();
  const requests = made.sync.asked.length;
  expect(await settleAt(made, DUE)).toEqual([DAY]);
  expect(await made.row(DAY)).toMatchObject({ outcome: "unchanged", step: 2, dueAt: END + 7 * DAY_MS, settledAt: DUE });
  expect(await settleAt(made, END + 7 * DAY_MS - 1)).toEqual([]);
  expect(await settleAt(made, END + 7 * DAY_MS)).toEqual([DAY]);
  expect(await made.row(DAY)).toMatchObject({ outcome: "unchanged", step: 3, dueAt: null });
  expect(differences(truth, await made.query(DAY))).toEqual([]);
  // each hour has one page here, and the list of points two
  expect(made.sync.asked.length - requests).toBeLessThanOrEqual(52);
});

describe("a day is requested again after three days", () => {
  const isAskedAgain = { outcome: "settled", step: 1, dueAt: END + 3 * DAY_MS };

  test("if the source has another value than the segments", async () => {
    const made = await syncedWorld();
    const [point] = [...(await loadCatalog(db, made.site.id)).values()];
    const [, time] = truth.find((line) => line.startsWith(`${point!.name} `))!.split(" ");
    const synced = made.sync.clock.now();
    const other = pointSamples([[point!.id, Number(time), 0.125]]);
    await storeSamples({ db, siteId: made.site.id, now: () => synced }, other, synced + 1);
    expect(await settleAt(made, synced + 2)).toEqual([DAY]);
    expect(differences(truth, await made.query(DAY))).toEqual([]);
    expect(await made.row(DAY)).toMatchObject(isAskedAgain);
  });

  test("if a dead instance had published the late samples", async () => {
    const ranges: [number, number][] = [[START + 5 * HOUR_MS, START + 5.2 * HOUR_MS]];
    const made = await syncedWorld({ rules: [{ fault: "missing_hours", ranges, healedAt: DUE }] });
    made.sync.clock.set(DUE);
    expect(await made.supervise()).toBe(DAY);
    const atRecord = (step: string) => {
      if (step === "record") throw new ProcessDied();
    };
    expect(await made.run(undefined, undefined, atRecord)).toBe(false);
    expect(await manifest(made)).toMatchObject({ state: "written", source: "api" });
    const { instance } = (await made.appointed())!;
    made.states.set(instance, { is: "ended", reason: "it was terminated" });
    expect(await settleAt(made, DUE + HOUR_MS)).toEqual([]);
    expect(await settleAt(made, DUE + 2 * HOUR_MS)).toEqual([DAY]);
    expect(await made.row(DAY)).toMatchObject(isAskedAgain);
  });
});

test("a day is settled a day after its end if the site lags", async () => {
  const made = await newWorld();
  expect(await settleAt(made, END + DAY_MS - 1)).toEqual([]);
  expect(await settleAt(made, END + DAY_MS)).toEqual([DAY]);
  expect(differences(truth, await made.query(DAY))).toEqual([]);
});

test("a day that was never synced is settled only with stored samples", async () => {
  const made = await newWorld({}, DAY + 1);
  await refreshCatalog(db, made.sync.client(), made.site.name, made.site.id, DUE);
  expect(await settleAt(made, END + 2 * DAY_MS - 1)).toEqual([]);
  const line = await storeOne(made, 7);
  expect(await settleAt(made, END + 2 * DAY_MS - 1)).toEqual([DAY]);
  expect(await made.query(DAY)).toEqual([...truth, line].sort());
});

test("an unanswered day is filed from its segments, and retried", async () => {
  const hidden = { start: START + 3 * HOUR_MS, end: START + 9 * HOUR_MS };
  const ranges: [number, number][] = [[hidden.start, hidden.end]];
  const made = await syncedWorld({ rules: [{ fault: "missing_hours", ranges, healedAt: DUE + 1 }] });
  const { upstream } = made.sync;
  const seen = await made.query(DAY);
  made.sync.upstream = down;
  expect(await settleAt(made, DUE + 1)).toEqual([DAY]);
  const reason: unknown = expect.stringContaining("401");
  const row = { outcome: "segments-only", reason, step: 0, settledAt: null, attempts: 1 };
  expect(await made.row(DAY)).toMatchObject(row);
  expect(await manifest(made)).toMatchObject({ state: "written", source: "d1" });
  expect([await made.query(DAY), await segments()]).toEqual([seen, 0]);
  for (const wait of [1, 2, 4]) {
    const { dueAt, ranAt } = (await made.row(DAY))!;
    expect(dueAt).toBe(ranAt! + wait * HOUR_MS);
    expect(await settleAt(made, dueAt! - 1)).toEqual([]);
    if (wait === 4) made.sync.upstream = upstream;
    expect(await settleAt(made, dueAt!)).toEqual([DAY]);
  }
  expect(await made.row(DAY)).toMatchObject({ outcome: "settled", attempts: 0, reason: null, step: 1 });
  expect(differences(truth, await made.query(DAY))).toEqual([]);
  expect(await manifest(made)).toMatchObject({ state: "written", source: "api", reason: null });
});

test("samples that all come 30 hours late are settled later", async () => {
  const made = await syncedWorld({
    rules: [{ fault: "late", fraction: 1, minDelayMs: 30 * HOUR_MS, maxDelayMs: 30 * HOUR_MS }],
  });
  expect(await made.query(DAY)).toEqual([]);
  // the site's front has not passed the day's end
  expect(await settleAt(made, DUE)).toEqual([]);
  expect(await settleAt(made, END + DAY_MS)).toEqual([DAY]);
  expect((await made.query(DAY)).length).toBeLessThan(truth.length);
  expect(await made.row(DAY)).toMatchObject({ step: 1, dueAt: END + 3 * DAY_MS });
  expect(await settleAt(made, END + 3 * DAY_MS)).toEqual([DAY]);
  expect(differences(truth, await made.query(DAY))).toEqual([]);
});

test("only the last step confirms that a day is empty", async () => {
  const made = await syncedWorld({ rules: [{ fault: "missing_hours", ranges: [[START, END]] }] });
  expect(await settleAt(made, DUE)).toEqual([DAY]);
  expect(await made.row(DAY)).toMatchObject({ outcome: "awaiting", settledAt: null, step: 1, dueAt: END + 3 * DAY_MS });
  expect(await manifest(made)).toBeNull();
  expect(await settleAt(made, END + 7 * DAY_MS)).toEqual([DAY]);
  expect(await made.row(DAY)).toMatchObject({ outcome: "settled", step: 3, dueAt: null });
  expect(await manifest(made)).toMatchObject({ state: "confirmed-empty", source: "api" });
  expect(await keysOf(env.TIMESERIES, "")).toEqual([]);
});

test("a deleted day gets only newer samples", async () => {
  const made = await syncedWorld();
  expect(await settleAt(made, DUE)).toEqual([DAY]);
  await deleteDay({ db, bucket: env.TIMESERIES }, made.site, DAY, DUE);
  expect(await settleAt(made, DUE)).toEqual([]);
  await requestDays(db, made.site.id, [DAY], DUE);
  const asked = made.sync.asked.length;
  expect(await settleAt(made, DUE)).toEqual([DAY]);
  expect([await made.query(DAY), await made.row(DAY)]).toEqual([[], null]);
  const line = await storeOne(made, 3);
  expect(await settleAt(made, DUE)).toEqual([DAY]);
  expect([await made.query(DAY), await segments()]).toEqual([[line], 0]);
  // its file has only later samples, and no later step asks the source for the rest
  expect(await made.row(DAY)).toBeNull();
  expect(await settleAt(made, END + 7 * DAY_MS)).toEqual([]);
  await requestDays(db, made.site.id, [DAY], END + 7 * DAY_MS);
  await settleAt(made, END + 7 * DAY_MS);
  expect([await made.query(DAY), await made.row(DAY)]).toEqual([[line], null]);
  expect(made.sync.asked.length).toBe(asked);
});
