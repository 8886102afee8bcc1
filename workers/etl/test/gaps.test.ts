import { forgetHours } from "@building-vitals/core/test/store";
import { migratedDatabase } from "@building-vitals/core/test/database";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { ADMIN_TOKEN, call, runCron, SITE, simulateUpstream } from "./service.ts";

const HOUR_MS = 3_600_000;
/** The building's nine weather points sample every 5 minutes. Gaps are not scanned for weather. */
const WEATHER_SAMPLES_PER_HOUR = 9 * 12;
const token = ADMIN_TOKEN;
const TABLES = ["gaps", "gap_days", "gap_sites", "segments", "block_latest", "hot_hours", "block_days", "sync_state"];

interface Listed {
  readonly gaps: readonly Record<string, unknown>[];
  readonly next_cursor: string | null;
}

/** Noon of today, so that the lost hours lie within one UTC day at any time of the test run. */
const NOON = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS + 12.5 * HOUR_MS;

beforeAll(migratedDatabase);
beforeEach(() => void vi.useFakeTimers({ now: NOON, toFake: ["Date"] }));
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  await env.DB.batch(TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});

const list = async (query = "") => (await call("GET", `/gaps${query}`, { token })).json<Listed>();
const repair = async (body: unknown = {}) => call("POST", "/gaps/repair", { token, body });

async function storeGap(start: number, state: string, resolvedAt: number | null): Promise<void> {
  const insert = `INSERT INTO gaps (site_id, start, point_id, end, state, cause, detected_at, resolved_at, next_attempt_at)
    SELECT id, ?1, 0, ?1 + 5, ?2, 'unknown', 0, ?3, 0 FROM sites WHERE name = ?4`;
  await env.DB.prepare(insert).bind(start, state, resolvedAt, SITE).run();
}

/** Syncs four hours of a site, then deletes its samples of one hour. */
async function syncWithHole(): Promise<{ start: number; end: number }> {
  const settings = { INITIAL_LOOKBACK_HOURS: "4" };
  for (let i = 0; i < 6; i++) await call("POST", "/trigger", { token, settings });
  const end = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
  await forgetHours(env.DB, { start: end - HOUR_MS, end });
  return { start: end - HOUR_MS, end };
}

test("one run finds and recovers a lost hour; all routes report it", async () => {
  simulateUpstream();
  const hole = await syncWithHole();
  const response = await repair({ site: SITE });
  expect(response.status).toBe(200);
  const run = await response.json<{ sites: Record<string, { inserted: number }>[] }>();
  expect(run).toMatchObject({
    sites: [{ site: SITE, detected: [{ remaining: 0 }, { remaining: 0 }], repair: { asked: 1, incomplete: 0 } }],
    pruned: 0,
  });
  const inserted = run.sites[0]!["repair"]!.inserted;
  expect(inserted).toBeGreaterThan(100);
  const { gaps, next_cursor } = await list(`?site=${SITE}&state=repaired`);
  expect(next_cursor).toBe(null);
  expect(gaps).toMatchObject([{ site: SITE, point: null, cause: "unknown", attempts: 1, next_attempt_at: null }]);
  const [gap] = gaps;
  expect(Date.parse(String(gap!["start"]))).toBeLessThanOrEqual(hole.start);
  expect(Date.parse(String(gap!["end"]))).toBeGreaterThanOrEqual(hole.end);
  const recovered = inserted - WEATHER_SAMPLES_PER_HOUR;
  expect(gap!["samples_recovered"]).toBe(recovered);
  expect(await (await call("GET", "/status")).json()).toMatchObject({
    sites: [{ gaps: { open: 0, missing_seconds: 0, oldest_start: null, largest: [] } }],
  });
  const metrics = await (await call("GET", "/metrics")).text();
  expect(metrics).toContain(`building_vitals_gaps_open{site="${SITE}",cause="unknown"} 0\n`);
  expect(metrics).toContain(`building_vitals_gaps_samples_recovered{site="${SITE}"} ${recovered}\n`);
});

test("the hourly cron rolls up, finds and repairs; a second one is idle", async () => {
  const asked = simulateUpstream();
  await syncWithHole();
  await runCron("6 * * * *");
  expect((await list()).gaps).toMatchObject([{ state: "repaired" }]);
  const before = asked.length;
  await runCron("6 * * * *");
  expect(asked.slice(before).filter(({ pathname }) => pathname.endsWith("/timeseries/paginated"))).toEqual([]);
});

test("gaps by page, state and time; open ones in status", async () => {
  simulateUpstream();
  await call("POST", "/trigger", { token });
  const at = (seconds: number) => Date.UTC(1980, 0, 1, 0, 0, seconds);
  for (const seconds of [1, 2, 3]) await storeGap(at(seconds), "open", null);
  await storeGap(at(4), "confirmed-empty", at(4) + 500);
  const starts = async (query: string) => (await list(query)).gaps.map(({ start }) => Date.parse(String(start)));
  expect(await starts("")).toEqual([4, 3, 2, 1].map(at));
  expect(await starts("?state=open")).toEqual([3, 2, 1].map(at));
  for (const range of [
    "from=1980-01-01T00:00:02Z&to=1980-01-01T00:00:04Z",
    `from=${at(2)}&to=${at(4)}`,
    // an unescaped + means a space
    "from=1980-01-01T01:00:02+01:00&to=1980-01-01T00:00:04Z",
  ]) {
    expect(await starts(`?${range}`)).toEqual([3, 2].map(at));
  }
  const first = await list("?limit=3");
  expect(first.gaps).toHaveLength(3);
  expect(await starts(`?limit=3&cursor=${first.next_cursor}`)).toEqual([at(1)]);
  expect(await (await call("GET", "/status")).json()).toMatchObject({
    sites: [{ gaps: { open: 3, oldest_start: "1980-01-01T00:00:01.000Z", largest: [{ of: "site" }, {}, {}] } }],
  });
});

test("closed gaps are deleted after 400 days, open gaps never", async () => {
  simulateUpstream();
  await call("POST", "/trigger", { token });
  const days = (n: number) => Date.now() - n * 24 * HOUR_MS;
  await storeGap(1000, "repaired", Math.round(days(400.01)));
  await storeGap(2000, "repaired", Math.round(days(399.99)));
  await storeGap(3000, "open", null);
  expect(await (await repair()).json()).toMatchObject({ pruned: 1 });
  expect((await list("?to=1970-01-02T00:00:00Z")).gaps).toHaveLength(2);
});

test.each([
  ["GET", "/gaps", undefined],
  ["POST", "/gaps/repair", {}],
])("%s %s needs the token", async (method, path, body) => {
  for (const wrong of [{}, { token: "wrong" }]) {
    const response = await call(method, path, { ...wrong, ...(body === undefined ? {} : { body }) });
    expect(response.status).toBe(401);
  }
});

test.each([
  ["?state=closed", 400],
  ["?limit=0", 400],
  ["?cursor=1", 400],
  ["?limit=two", 400],
  ["?limit=1&limit=2", 400],
  ["?from=yesterday", 400],
  ["?from=2025-02-30", 400],
  ["?from=2025-10-12&to=2025-10-12", 400],
  ["?from=2025-10-13&to=2025-10-12", 400],
  ["?site=nowhere", 404],
])("/gaps%s is refused", async (query, status) => {
  expect((await call("GET", `/gaps${query}`, { token })).status).toBe(status);
});

test("a failed site is reported without its error", async () => {
  simulateUpstream();
  await call("POST", "/trigger", { token });
  await env.DB.exec("INSERT INTO gap_sites (site_id, sync_from_day, token) SELECT id, 0, 'x' FROM sites");
  await env.DB.exec("INSERT INTO gap_days (site_id, day, fingerprint) SELECT id, 1, 'not ours' FROM sites");
  expect(await (await repair()).json()).toMatchObject({
    sites: [{ site: SITE, error: "the gaps could not be repaired; the log has the reason" }],
  });
  await expect(runCron("6 * * * *")).rejects.toThrow(`gaps of ${SITE}`);
});
