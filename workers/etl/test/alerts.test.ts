import { migratedDatabase } from "@building-vitals/core/test/database";
import { UPSTREAM_SETTINGS } from "@building-vitals/core/test/simulated-upstream";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { runAlerts } from "../src/alerts.ts";
import { settingsOf } from "../src/env.ts";
import { ADMIN_TOKEN, call, LOST_SITE, runCron, simulateUpstream, SITE } from "./service.ts";

const WEBHOOK = "https://hooks.test/services/secret-path";
const SYNC = "*/5 * * * *";
const HOURLY = "6 * * * *";
const FULL = { ALERT_WEBHOOK_URL: WEBHOOK, D1_MAX_MB: "1", ALERT_D1_PERCENT: "1" };
const EMPTY = { ALERT_WEBHOOK_URL: WEBHOOK };

let bodies: Record<string, string | null>[] = [];
/** the webhook's answer */
let answer: () => Promise<Response> = () => Promise.reject(new Error("not set"));
let lines: string[] = [];
let requests: string[] = [];

beforeAll(migratedDatabase);

beforeEach(async () => {
  // Noon, because the last day is not judged in the first minutes of a day: late samples may still arrive.
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 22, 12), toFake: ["Date"] });
  await env.DB.batch(
    ["alerts", "sync_runs", "sync_state", "dead_letters", "backfill_jobs", "quality_days", "block_days"].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  );
  bodies = [];
  lines = [];
  requests = [];
  answer = () => Promise.resolve(new Response("ok"));
  for (const method of ["log", "error", "warn"] as const) {
    vi.spyOn(console, method).mockImplementation((line: unknown) => void lines.push(String(line)));
  }
  simulateUpstream();
  const { fetch: upstream } = globalThis;
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    if (request.url !== WEBHOOK) return upstream(request);
    requests.push(`${request.method} ${request.headers.get("content-type")}`);
    bodies.push(await request.json());
    return answer();
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function expectNoSecret(...secrets: readonly string[]): void {
  for (const secret of [WEBHOOK, "secret-path", ADMIN_TOKEN, UPSTREAM_SETTINGS.ACE_API_KEY, ...secrets]) {
    expect(lines.join("\n") + JSON.stringify(bodies)).not.toContain(secret);
  }
}

const anHourLater = () =>
  env.DB.exec("UPDATE alerts SET firing_sent_at = firing_sent_at - 3600000, ok_sent_at = ok_sent_at - 3600000");
const told = () => bodies.map(({ kind, state }) => `${kind} ${state}`);
const active = async () => (await (await call("GET", "/status")).json<{ alerts: unknown[] }>()).alerts;

test("a lost database delays no other alert, and the cron run fails", async () => {
  await expect(runCron(SYNC, { ...FULL, ...LOST_SITE })).rejects.toThrow("this database is gone");
  expect(told()).toContain("database_size firing");
});

test("one message at the start and one at the end, none again within an hour", async () => {
  await runCron(SYNC, EMPTY);
  expect(told()).toEqual([]);
  await runCron(SYNC, FULL);
  await runCron(SYNC, FULL);
  expect(told()).toEqual(["database_size firing"]);
  expect(requests).toEqual(["POST application/json; charset=utf-8"]);
  expect(bodies[0]).toEqual({
    text: expect.stringMatching(/^Building Vitals: database_size is firing: the database holds \d+ MB$/),
    kind: "database_size",
    site: null,
    state: "firing",
    since: expect.stringMatching(/Z$/),
    detail: expect.any(String),
  });
  expect(await active()).toMatchObject([{ kind: "database_size", site: null, since: bodies[0]?.["since"] }]);
  const metrics = async () => (await call("GET", "/metrics")).text();
  expect(await metrics()).toContain('building_vitals_alert_active{kind="database_size",site=""} 1\n');

  await runCron(SYNC, EMPTY);
  expect(told().slice(1)).toEqual(["database_size ok"]);
  expect(await active()).toEqual([]);
  expect(await metrics()).toContain('building_vitals_alert_active{kind="database_size",site=""} 0\n');
  for (const settings of [FULL, EMPTY, FULL]) await runCron(SYNC, settings);
  expect(bodies).toHaveLength(2);
  await anHourLater();
  await runCron(SYNC, FULL);
  expect(told().slice(2)).toEqual(["database_size firing"]);
  expectNoSecret();
});

test.each<[string, () => Promise<Response>]>([
  ["an error", () => Promise.resolve(new Response(null, { status: 500 }))],
  ["a redirect", () => Promise.resolve(new Response(null, { status: 302, headers: { location: "https://x.test/" } }))],
  ["no connection", () => Promise.reject(new TypeError(`cannot reach ${WEBHOOK}`))],
])("after %s the next cron sends again, and the sync succeeds", async (_, failure) => {
  answer = failure;
  await runCron(SYNC, FULL);
  expect(bodies).toHaveLength(1);
  expect(lines.filter((line) => line.includes("alert_not_delivered"))).toHaveLength(1);
  // a concurrent cron run does not send the claimed message
  await runCron(SYNC, FULL);
  expect(bodies).toHaveLength(1);
  await env.DB.exec("UPDATE alerts SET claimed_at = claimed_at - 300000");
  answer = () => Promise.resolve(new Response("ok"));
  await runCron(SYNC, FULL);
  expect(told()).toEqual(["database_size firing", "database_size firing"]);
  await runCron(SYNC, FULL);
  expect(bodies).toHaveLength(2);
  expectNoSecret();
});

test("two crons at once send one message", async () => {
  await Promise.all([runCron(SYNC, FULL), runCron(SYNC, FULL)]);
  expect(told()).toEqual(["database_size firing"]);
});

test("without a webhook alerts are active, and a later webhook gets them", async () => {
  await runCron(SYNC, { ...FULL, ALERT_WEBHOOK_URL: "" });
  expect(bodies).toEqual([]);
  expect(await active()).toMatchObject([{ kind: "database_size" }]);
  await runCron(SYNC, FULL);
  expect(told()).toEqual(["database_size firing"]);
});

test("alerts cover the journal, the watermark, the backfill and the key", async () => {
  await runCron(SYNC, EMPTY);
  const now = Date.now();
  const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
  const key = `${part({ alg: "none" })}.${part({ exp: Math.round(now / 1000) + 86_400 })}.x`;
  await env.DB.batch([
    env.DB.prepare(`UPDATE sync_runs SET fetched = 100, failed = 3, rejected = '{"unconfigured":90,"null":3}'`),
    env.DB.prepare("UPDATE sync_state SET watermark = ?1").bind(now - 16 * 60_000),
    env.DB.prepare(
      `INSERT INTO backfill_jobs (backfill_id, status, start_day, end_day, started_at, updated_at, reason)
       VALUES ('b1', 'failed', 1, 2, ?1, ?1, 'out of luck')`,
    ).bind(now),
  ]);
  const common = { DB: env.DB, ETL_STATE: env.ETL_STATE, TIMESERIES: env.TIMESERIES, ...UPSTREAM_SETTINGS };
  const sites = JSON.stringify([{ name: SITE, timezone: "UTC" }]);
  const settings = settingsOf({ ...common, ADMIN_TOKEN, SITES: sites, ...EMPTY, ACE_API_KEY: key });
  expect(await runAlerts(settings, 26_000, now)).toBe(5);
  expect(told().sort()).toEqual(
    ["backfill", "error_rate", "slow_sync", "stale", "token_expiry"].map((kind) => `${kind} firing`),
  );
  expect(bodies.find(({ kind }) => kind === "stale")).toMatchObject({ site: SITE });
  const details = bodies.map(({ detail }) => detail).join("\n");
  expect(details).toContain("6 of 100 records");
  expect(details).toContain("the backfill b1 failed: out of luck");
  expectNoSecret(key);
});

test("quality alerts cover the last full day, hourly, once it is judged", async () => {
  await runCron(SYNC, EMPTY);
  const yesterday = Math.floor(Date.now() / 86_400_000) - 1;
  // the sync passed midnight without samples of known points
  await env.DB.exec(`UPDATE points SET first_seen = 1; UPDATE sync_state SET watched_from = 1`);
  await env.DB.exec("DELETE FROM segments; DELETE FROM hot_hours");
  await runCron(HOURLY, EMPTY);
  const quality = () => bodies.filter(({ kind }) => kind === "quality");
  expect(quality()).toMatchObject([{ site: SITE, state: "firing" }]);
  const date = new Date(yesterday * 86_400_000).toISOString().slice(0, 10);
  expect(quality()[0]?.["detail"]).toMatch(
    new RegExp(`points on ${date} was 0, .*\\nworst: .* 0 \\(no samples at all`),
  );
  await runCron(HOURLY, EMPTY);
  expect(quality()).toHaveLength(1);
  expect(await active()).toMatchObject([{ kind: "quality", site: SITE }]);

  // a day whose judgement is outdated is unknown
  await env.DB.exec("UPDATE quality_days SET hot_hours = 9; UPDATE sync_state SET watched_from = NULL");
  await runCron(HOURLY, { ...EMPTY, ALERT_QUALITY: "0" });
  expect(quality()).toHaveLength(1);
  await env.DB.exec("UPDATE quality_days SET hot_hours = 0");
  await runCron(HOURLY, { ...EMPTY, ALERT_QUALITY: "0" });
  expect(quality()).toMatchObject([{ state: "firing" }, { state: "ok" }]);
  expectNoSecret();
});

test("a site without a judged day gets no quality alert", async () => {
  await runCron(SYNC, EMPTY);
  await env.DB.exec("DELETE FROM segments; DELETE FROM hot_hours; UPDATE sync_state SET watched_from = NULL");
  await runCron(HOURLY, { ...EMPTY, ALERT_QUALITY: "1" });
  expect(await env.DB.prepare("SELECT count(*) AS n FROM quality_days").first("n")).toBe(0);
  expect(bodies.filter(({ kind }) => kind === "quality")).toEqual([]);
});
