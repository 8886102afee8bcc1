import { segmentSamples } from "@building-vitals/core/test/store";
import { readAudit } from "@building-vitals/core/http/audit-store";
import { emptyDatabase, migratedDatabase } from "@building-vitals/core/test/database";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { ADMIN_TOKEN, call, runCron, SITE, simulateUpstream } from "./service.ts";

const SYNC = "*/5 * * * *";
const HOURLY = "6 * * * *";
const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 22, 15);
const BY_SETTING = { SITES: JSON.stringify([{ name: SITE, timezone: "America/Chicago", paused: true }]) };

let asked: URL[];
beforeAll(migratedDatabase);
beforeEach(async () => {
  await emptyDatabase();
  vi.useFakeTimers({ now: START, toFake: ["Date"] });
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  asked = simulateUpstream();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const post = (path: string, body: unknown = {}, settings = {}) =>
  call("POST", path, { token: ADMIN_TOKEN, body, settings });
const pause = (reason?: string) => post(`/sites/${SITE}/pause`, reason === undefined ? {} : { reason });
const resume = (settings = {}) => post(`/sites/${SITE}/resume`, {}, settings);

interface StatusOfSite {
  readonly paused: unknown;
  readonly watermark: string | null;
}
async function statusOf(settings = {}): Promise<StatusOfSite> {
  const { sites } = await (await call("GET", "/status", { settings })).json<{ sites: [StatusOfSite] }>();
  return sites[0];
}

const samples = () => segmentSamples(env.DB);

test("no cron sends requests for a paused site; its resume loses no sample", async () => {
  await runCron(SYNC);
  await pause();
  const { watermark } = await statusOf();
  asked.length = 0;
  for (const minutes of [5, 70]) {
    vi.setSystemTime(START + minutes * MINUTE);
    await runCron(SYNC);
    await runCron(HOURLY);
  }
  expect(asked.map(String)).toEqual([]);
  expect((await statusOf()).watermark).toBe(watermark);

  expect(await (await resume()).json()).toEqual({ site: SITE, paused: null });
  vi.setSystemTime(START + 75 * MINUTE);
  for (let runs = 0; runs < 4; runs++) await runCron(SYNC);
  const stored = await samples();
  expect(Date.parse((await statusOf()).watermark ?? "")).toBeGreaterThanOrEqual(START + 75 * MINUTE);

  // the same hours, synced without a pause
  await emptyDatabase();
  vi.setSystemTime(START);
  await runCron(SYNC);
  for (const minutes of [5, 70, 75]) {
    vi.setSystemTime(START + minutes * MINUTE);
    for (let runs = 0; runs < 2; runs++) await runCron(SYNC);
  }
  const weather = "SELECT id FROM points WHERE source = 'weather'";
  expect(stored.length).toBeGreaterThan(12);
  const ofFeed = new Set((await env.DB.prepare(weather).all<{ id: number }>()).results.map(({ id }) => id));
  const pulled = (lines: string[]) => lines.filter((line) => !ofFeed.has(Number(line.split(" ")[0])));
  expect(pulled(stored)).toEqual(pulled(await samples()));
});

test("a second pause keeps the time, reason and author of the first", async () => {
  const first = { since: "2026-11-22T15:00:00.000Z", by: "ADMIN_TOKEN", reason: "gateway replaced" };
  expect(await (await pause("gateway replaced")).json()).toEqual({ site: SITE, paused: first });
  vi.setSystemTime(START + MINUTE);
  expect(await (await pause("another")).json()).toEqual({ site: SITE, paused: first });
  expect((await statusOf()).paused).toEqual(first);
  expect(await (await call("GET", "/metrics")).text()).toContain(`building_vitals_site_paused{site="${SITE}"} 1\n`);
  vi.setSystemTime(START + 2 * MINUTE);
  await resume();
  expect((await statusOf()).paused).toBeNull();
  expect((await readAudit(env.DB, 0, 10)).map(({ request }) => request)).toEqual([
    `POST /sites/${SITE}/resume`,
    `POST /sites/${SITE}/pause`,
    `POST /sites/${SITE}/pause`,
  ]);
});

test.each(["/trigger", "/gaps/repair"])("%s of a paused site is refused with a suggestion", async (path) => {
  await pause();
  const answer = await post(path, { site: SITE });
  expect(answer.status).toBe(409);
  const { code, detail } = await answer.json<{ code: string; detail: string }>();
  expect(code).toBe("site_paused");
  expect(detail).toContain(`POST /sites/${SITE}/resume`);
  expect(asked).toEqual([]);
});

test("a trigger of all sites skips a paused one, and says so", async () => {
  await runCron(SYNC);
  const { watermark } = await statusOf();
  await pause();
  asked.length = 0;
  const run = await (await post("/trigger")).json<{ sitesLeft: number; sites: unknown[] }>();
  expect(run.sitesLeft).toBe(0);
  expect(run.sites).toMatchObject([{ site: SITE, incompleteBecause: "paused", apiCalls: 0, errors: [], watermark }]);
  expect(asked).toEqual([]);
});

test("a paused site raises no stale alert, and its pause ends one", async () => {
  await runCron(SYNC);
  vi.stubGlobal("fetch", async () => new Response(null, { status: 401 }));
  vi.setSystemTime(START + 60 * MINUTE);
  await runCron(SYNC);
  const stale = () => env.DB.prepare("SELECT level FROM alerts WHERE kind = 'stale'").first("level");
  expect(await stale()).toBe("firing");
  await pause();
  vi.setSystemTime(START + 600 * MINUTE);
  await runCron(SYNC);
  expect(await stale()).toBe("ok");
});

test("a site that SITES pauses sends no requests, and resumes only there", async () => {
  await runCron(SYNC, BY_SETTING);
  await runCron(HOURLY, BY_SETTING);
  expect(asked).toEqual([]);
  expect((await statusOf(BY_SETTING)).paused).toEqual({ since: null, by: "the SITES setting", reason: null });
  const answer = await resume(BY_SETTING);
  expect(answer.status).toBe(409);
  expect((await answer.json<{ detail: string }>()).detail).toContain("SITES");
});

test("an import into a paused site stores samples without a request", async () => {
  await pause();
  asked.length = 0;
  const points = [{ name: "x/new", samples: [[START - MINUTE, 21.5]] }];
  const answer = await post("/import", { site: SITE, day: "2026-11-22", points });
  expect(await answer.json()).toMatchObject({ received: 1, stored: 1 });
  expect(asked).toEqual([]);
});

test("an unknown site is neither paused nor resumed", async () => {
  for (const path of ["pause", "resume"]) expect((await post(`/sites/nowhere/${path}`)).status).toBe(404);
});
