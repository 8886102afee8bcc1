import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { differences, sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { readRuns } from "./journal.ts";
import { syncSites } from "./sync-sites.ts";
import type { SyncResult } from "./sync-result.ts";
import { readSyncStates } from "./sync-state.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Three sites of one upstream. */
class Sites {
  readonly names: string[];
  readonly world: SyncWorld;
  readonly sources;
  #db = db;

  constructor(prefix: string) {
    this.names = ["a", "b", "c"].map((letter) => `${prefix}_${letter}`);
    this.sources = this.names.map((site) =>
      createBuilding({ seed: 2, site, timezone: "UTC", points: 10, collectInterval: 60 }),
    );
    this.world = new SyncWorld({ db, source: this.sources[0]!, now: START });
    this.world.upstream = this.world.simulate(this.sources);
  }

  /** Wraps the upstream of one site. */
  disturb(site: string, answer: () => Promise<Response>): void {
    const { upstream } = this.world;
    this.world.upstream = (request) => (request.url.includes(`/${site}/`) ? answer() : upstream(request));
  }

  set db(database: D1Database) {
    this.#db = database;
  }

  run(kv: KVNamespace = env.ETL_STATE): Promise<SyncResult> {
    return syncSites(this.world.runContext(kv, this.names.length), [{ db: this.#db, sites: this.names }]);
  }
}

const outcomes = (run: SyncResult) => run.sites.map((site) => [site.site.at(-1), site.incompleteBecause]);

test("a failing site does not stop the others", async () => {
  const sites = new Sites("ses_one_fails");
  sites.disturb(sites.names[1]!, () => Promise.resolve(new Response("", { status: 404 })));
  const run = await sites.run();
  expect(run.syncId).toMatch(new RegExp(`^sync_${START}_[0-9a-f]{8}$`));
  expect(run.startTime).toBe(new Date(START).toISOString());
  const states = await readSyncStates(db, sites.names);
  for (const [i, name] of sites.names.entries()) {
    const result = run.sites.find(({ site }) => site === name);
    const { siteId, watermark } = states.get(name)!;
    const [newest] = await readRuns(db, siteId, 1);
    expect(newest).toMatchObject({ syncId: run.syncId, complete: i !== 1 });
    if (i === 1) {
      expect(result?.errors).toMatchObject([{ stage: "catalog", code: "http" }]);
      expect(watermark).toBeNull();
      continue;
    }
    const range = { start: START - HOUR_MS, end: START };
    const stored = await storedSamples(db, siteId, range);
    expect(differences(sourceSamples(sites.sources[i]!, range), stored)).toEqual([]);
    expect(watermark).toBe(START);
  }
});

test("an internal error in one site stops no other, and only the log shows it", async () => {
  const sites = new Sites("ses_our_fault");
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  await sites.run();
  await sites.world.clock.sleep(5 * MINUTE_MS);
  const { siteId } = (await readSyncStates(db, sites.names)).get(sites.names[0]!)!;
  const ace = sites.world.client();
  const broken = {
    ...ace,
    timeseriesPages: (site: string, ...rest: [never, never]) => {
      if (site === sites.names[0]) throw new TypeError("secret detail");
      return ace.timeseriesPages(site, ...rest);
    },
  };
  sites.world.client = () => broken;
  const run = await sites.run();
  expect(outcomes(run)).toEqual([
    ["a", "error"],
    ["b", null],
    ["c", null],
  ]);
  const internal = { stage: "internal", code: "internal" };
  expect(run.sites[0]?.errors).toMatchObject([internal]);
  expect(JSON.stringify(run)).not.toContain("secret detail");
  expect(log.mock.calls.flat().join()).toContain("secret detail");
  expect((await readRuns(db, siteId, 1))[0]?.errors).toMatchObject([internal]);
});

test("a site that takes the whole budget in every run starves no other", async () => {
  const sites = new Sites("ses_slow");
  sites.disturb(sites.names[0]!, async () => {
    await sites.world.clock.sleep(30_000);
    return new Response("", { status: 504 });
  });
  const runs: SyncResult[] = [];
  for (let i = 0; i < 4; i++) {
    runs.push(await sites.run());
    await sites.world.clock.sleep(5 * MINUTE_MS);
  }
  // two new sites start side by side, because their sizes are unknown
  expect(outcomes(runs[0]!).at(-1)).toEqual(["c", "budget"]);
  expect(runs.map(({ sitesLeft }) => sitesLeft).at(0)).toBe(1);
  expect(runs.at(-1)?.sitesLeft).toBe(0);
  expect(outcomes(runs[1]!)[0]?.[0]).toBe("c");
  const states = await readSyncStates(db, sites.names);
  const ages = sites.names.map((name) => sites.world.clock.now() - (states.get(name)?.watermark ?? 0));
  expect(ages.map((age) => age < 15 * MINUTE_MS)).toEqual([false, true, true]);
});

test("among sites of the same run the one furthest behind comes first", async () => {
  const sites = new Sites("ses_order");
  await sites.run();
  const { siteId } = (await readSyncStates(db, sites.names)).get(sites.names[2]!)!;
  await db.prepare("UPDATE sync_state SET watermark = watermark - 1 WHERE site_id = ?1").bind(siteId).run();
  await sites.world.clock.sleep(MINUTE_MS);
  expect(outcomes(await sites.run()).map(([site]) => site)).toEqual(["c", "a", "b"]);
});

test("a database that does not answer fails its own sites only, with an error", async () => {
  const sites = new Sites("ses_one_database");
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const away = interceptedDatabase(db, () => Promise.reject(new Error("D1_ERROR: away")));
  const [a, b, c] = sites.names;
  const run = await syncSites(sites.world.runContext(env.ETL_STATE, 3), [
    { db: away, sites: [b!] },
    { db, sites: [a!, c!] },
  ]);
  expect(run.sites.map(({ site, complete }) => [site, complete])).toEqual([
    [a, true],
    [c, true],
    [b, false],
  ]);
  expect(run.sites[2]?.errors).toMatchObject([{ stage: "state", code: "database" }]);
});

test("a run without requests left starts no site; the next starts the rest", async () => {
  const sites = new Sites("ses_requests");
  const tight = { ...sites.world.runContext(env.ETL_STATE, 3), maxRequests: 1 };
  const first = await syncSites(tight, [{ db, sites: sites.names }]);
  // two started side by side before the first request
  expect(first.sitesLeft).toBe(1);
  expect(first.sites.at(-1)).toMatchObject({ incompleteBecause: "budget", apiCalls: 0, errors: [] });
  await sites.world.clock.sleep(5 * MINUTE_MS);
  const second = await syncSites(tight, [{ db, sites: sites.names }]);
  expect(second.sites[0]?.site).toBe(first.sites.at(-1)?.site);
});

test("a journal that cannot be written does not fail the run", async () => {
  const sites = new Sites("ses_no_journal");
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const kv = new Proxy(env.ETL_STATE, { get: () => () => Promise.reject(new Error("KV is away")) });
  const run = await sites.run(kv);
  expect(run.sites.every((site) => site.complete)).toBe(true);
  expect(log.mock.calls.flat().join()).toContain("KV is away");
});

test("if the state cannot be read, nothing is done", async () => {
  const sites = new Sites("ses_no_state");
  sites.db = interceptedDatabase(db, () => Promise.reject(new Error("D1_ERROR: away")));
  await expect(sites.run()).rejects.toThrow("D1_ERROR: away");
  expect(sites.world.asked).toEqual([]);
});
