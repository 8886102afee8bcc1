import { moveBack } from "@building-vitals/core/test/store";
import { emptyDatabase, migratedDatabase } from "@building-vitals/core/test/database";
import { UPSTREAM_SETTINGS } from "@building-vitals/core/test/simulated-upstream";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import { statusSchema } from "../src/answers.ts";
import { ADMIN_TOKEN, call, LOST_SITE, runCron, SITE, simulateUpstream } from "./service.ts";

beforeAll(migratedDatabase);

beforeEach(async () => {
  await emptyDatabase();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("GET / returns the service, its version and its docs", async () => {
  const response = await call("GET", "/", { settings: { CF_VERSION_METADATA: { id: "v1" } } });
  expect(response.status).toBe(200);
  const service = await response.json<{ docs: string; openapi: string; health: string }>();
  expect(service).toMatchObject({ service: "etl", version: "v1", docs: "/docs", openapi: "/openapi.json" });
  for (const path of [service.docs, service.openapi, service.health]) {
    expect([path, (await call("GET", path)).status]).toEqual([path, 200]);
  }
});

test("GET /docs shows a write with its body and its token", async () => {
  const html = await (await call("GET", "/docs")).text();
  expect(html).toContain("<b>POST</b> /rollups/rebuild</h2>");
  expect(html).toMatch(/<code>start_date<\/code> \*<\/td>\s*<td>body<\/td>/);
  expect(html).toContain(
    "curl -X POST &#39;https://etl.test/trigger&#39; -H &#39;authorization: Bearer ADMIN_TOKEN&#39;",
  );
});

describe("POST /trigger", () => {
  it("syncs, and answers in the documented shape", async () => {
    simulateUpstream();
    const response = await call("POST", "/trigger", { token: ADMIN_TOKEN });
    expect(response.status).toBe(200);
    const run = await response.json<Record<string, unknown> & { sites: Record<string, unknown>[] }>();
    expect(run).toMatchObject({ syncId: expect.stringMatching(/^sync_\d{13}_\w+$/), duration: expect.any(Number) });
    expect(run["startTime"]).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(run.sites).toHaveLength(1);
    const [site] = run.sites;
    expect(site).toMatchObject({ site: SITE, complete: true, recordsFailed: 0, errors: [], apiCalls: 3 });
    expect(site?.["recordsInserted"]).toBeGreaterThan(100);
    expect(site?.["recordsRejected"]).toEqual({ unconfigured: expect.any(Number) });
    expect(Number(site?.["pointsProcessed"])).toBeGreaterThanOrEqual(12);
    expect(site?.["window"]).toEqual({ start: expect.any(String), end: site?.["watermark"] });
  });

  it("syncs one site if it is named", async () => {
    simulateUpstream();
    const response = await call("POST", "/trigger", { token: ADMIN_TOKEN, body: { site: SITE } });
    expect(await response.json()).toMatchObject({ sites: [{ site: SITE, complete: true }] });
  });

  it.each([
    ["no token", {}, 401, "unauthorized", undefined],
    ["a wrong token", { token: "the-admin-tokem" }, 401, "unauthorized", undefined],
    ["a token of another length", { token: "x" }, 401, "unauthorized", undefined],
    ["an unknown site", { token: ADMIN_TOKEN, body: { site: "nowhere" } }, 404, "unknown_site", "site"],
    ["a body that is no JSON", { token: ADMIN_TOKEN, body: "{" }, 400, "invalid_request", undefined],
    ["an unknown field", { token: ADMIN_TOKEN, body: { sites: [] } }, 400, "invalid_request", "sites"],
    ["a field of a wrong type", { token: ADMIN_TOKEN, body: { site: 7 } }, 400, "invalid_request", "site"],
  ])("refuses %s without a request to the API", async (_, options, status, code, field) => {
    const asked = simulateUpstream();
    const response = await call("POST", "/trigger", options);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const problem = await response.json<Record<string, unknown>>();
    expect(problem).toMatchObject({ status, code });
    expect(problem["field"]).toBe(field);
    expect(asked).toEqual([]);
  });

  it("keeps secrets out of answers and logs if the API refuses the key", async () => {
    simulateUpstream();
    const lines: unknown[] = [];
    for (const method of ["log", "error", "warn"] as const) {
      vi.spyOn(console, method).mockImplementation((line: unknown) => void lines.push(line));
    }
    const settings = { ACE_API_KEY: "a-key-that-is-refused" };
    // The API answers 500 to a refused key, so the client retries: here without a wait. Timeouts stay.
    const { setTimeout: wait } = globalThis;
    vi.stubGlobal("setTimeout", (callback: () => void, ms: number) => wait(callback, ms < 10_000 ? 0 : ms));
    const response = await call("POST", "/trigger", { token: ADMIN_TOKEN, settings });
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      sites: [{ complete: false, errors: [{ stage: "catalog", code: "http" }] }],
    });
    const everything = text + lines.join("\n") + (await (await call("GET", "/status")).text());
    for (const secret of ["a-key-that-is-refused", UPSTREAM_SETTINGS.ACE_API_KEY, ADMIN_TOKEN])
      expect(everything).not.toContain(secret);
  });
});

describe("a Worker with invalid settings", () => {
  it.each([
    ["SITES", "[]"],
    ["SITES", "nonsense"],
    ["SITES", '[{"name":"a","timezone":"Mars/Olympus"}]'],
    ["ACE_API_BASE_URL", "not an address"],
    ["ACE_API_KEY", undefined],
    ["ADMIN_TOKEN", ""],
    ["PAGE_SIZE", "12345"],
    ["LOOKBACK_MINUTES", "ten"],
    ["INITIAL_LOOKBACK_HOURS", "0"],
    ["DB", undefined],
    ["ETL_STATE", undefined],
    ["TIMESERIES", undefined],
    ["GAP_CONFIRM_HOURS", "0"],
    ["ALERT_WEBHOOK_URL", "not an address"],
    ["ALERT_ERROR_PERCENT", "101"],
  ])("names %s if it is %j", async (setting, value) => {
    const settings = { [setting]: value };
    for (const [method, path] of [
      ["GET", "/status"],
      ["POST", "/trigger"],
    ] as const) {
      const response = await call(method, path, { token: ADMIN_TOKEN, settings });
      expect(response.status).toBe(500);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      const problem = await response.json<Record<string, unknown>>();
      expect(problem).toMatchObject({ code: "settings_invalid", field: setting });
      expect(problem["detail"]).toContain(setting);
    }
    const health = await call("GET", "/health", { settings });
    expect(health.status).toBe(503);
    expect(await health.text()).toContain(setting);
    await expect(runCron("*/5 * * * *", settings)).rejects.toThrow(setting);
  });
});

describe("crons", () => {
  it("sync every five minutes", async () => {
    simulateUpstream();
    await runCron("*/5 * * * *");
    const status = await (await call("GET", "/status")).json();
    expect(status).toMatchObject({
      sites: [{ name: SITE, last_runs: [{ complete: true, records_failed: 0 }], errors: [] }],
    });
    expect(await env.ETL_STATE.get("etl:last_sync_timestamp")).toMatch(/^\d{13}$/);
  });

  it("refresh the catalogue hourly, measure cadences, delete old runs", async () => {
    const asked = simulateUpstream();
    await runCron("*/5 * * * *");
    const { id } = (await env.DB.prepare("SELECT id FROM sites").first<{ id: number }>())!;
    await env.DB.prepare(
      `INSERT INTO sync_runs SELECT site_id, ?1, 'sync_old', duration_ms, fetched, inserted, unchanged, failed, rejected,
         points, api_calls, window_start, window_end, complete, errors FROM sync_runs`,
    )
      .bind(Date.now() - 31 * 86_400_000)
      .run();
    asked.length = 0;
    await runCron("6 * * * *");
    expect(asked.map((url) => url.pathname)).toEqual([`/api/sites/${SITE}/configured_points`]);
    const runs = await env.DB.prepare("SELECT sync_id FROM sync_runs WHERE site_id = ?1").bind(id).all();
    expect(runs.results).toHaveLength(1);
    expect(runs.results[0]).not.toEqual({ sync_id: "sync_old" });
  });

  it("retire many points only if a second list agrees", async () => {
    simulateUpstream();
    await runCron("*/5 * * * *");
    const collected = async () =>
      (await env.DB.prepare("SELECT count(*) AS n FROM points WHERE configured = 1 AND source = 'catalog'").first(
        "n",
      ))!;
    const pointList = async () => {
      const { sites } = statusSchema.parse(await (await call("GET", "/status")).json());
      return sites[0]?.point_list;
    };
    expect(await collected()).toBe(4);
    for (const [faults, left, held] of [
      [[{ fault: "short_list", keep: 10 }], 4, { listed: 10, missing: 2 }],
      [[], 4, null],
      [[{ fault: "short_list", keep: 10 }], 4, { listed: 10, missing: 2 }],
      [[{ fault: "short_list", keep: 10 }, { fault: "duplicate_ids" }], 2, null],
    ] as const) {
      simulateUpstream(12, { rules: [...faults] });
      await runCron("6 * * * *");
      expect(await collected()).toBe(left);
      const conflicts = faults.some(({ fault }) => fault === "duplicate_ids") ? 1 : 0;
      const expected = held === null ? null : { ...held, at: expect.any(String) };
      expect(await pointList()).toEqual({ held: expected, conflicts, never_sent: 0 });
    }
  });

  it("roll up closed hours, and a rebuild finds no difference", async () => {
    simulateUpstream();
    await call("POST", "/trigger", { token: ADMIN_TOKEN });
    // as if the samples had arrived a day ago
    await moveBack(env.DB, 1);
    const rollups = () =>
      env.DB.prepare("SELECT count(*) AS n FROM block_days d CROSS JOIN json_each(d.places)").first<number>("n");
    expect(await rollups()).toBe(0);
    await runCron("6 * * * *");
    expect(await rollups()).toBeGreaterThan(10);
    const date = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
    const body = { start_date: date(1), end_date: date(0) };
    expect((await call("POST", "/rollups/rebuild", { body })).status).toBe(401);
    const rebuilt = await call("POST", "/rollups/rebuild", { token: ADMIN_TOKEN, body });
    const answer = await rebuilt.json<{ sites: [{ rowsChecked: number }] }>();
    expect(answer).toMatchObject({ sites: [{ site: SITE, rowsChanged: 0, skipped: [], nextDate: null }] });
    expect(answer.sites[0].rowsChecked).toBeGreaterThan(10);
    const wrong = { ...body, end_date: date(2) };
    expect((await call("POST", "/rollups/rebuild", { token: ADMIN_TOKEN, body: wrong })).status).toBe(400);
  });

  it("work for the sites whose databases answer, and fail for the others", async () => {
    const asked = simulateUpstream();
    await runCron("*/5 * * * *");
    asked.length = 0;
    for (const method of ["log", "error"] as const) vi.spyOn(console, method).mockImplementation(() => undefined);
    await expect(runCron("6 * * * *", LOST_SITE)).rejects.toThrow("not brought up to date: the sites in DB_1");
    expect(asked.map((url) => url.pathname)).toEqual([`/api/sites/${SITE}/configured_points`]);
  });

  it("fail for an unknown expression", async () => {
    await expect(runCron("0 0 * * *")).rejects.toThrow('no job for the cron "0 0 * * *"');
  });

  it("fail if a catalogue cannot be refreshed", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(null, { status: 404 })));
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    await expect(runCron("6 * * * *")).rejects.toThrow(SITE);
  });
});

describe("the stored state, from GET", () => {
  it("an incomplete sync is not reported as complete", async () => {
    simulateUpstream();
    const complete = async () =>
      /last_sync_complete\{.*\} (\d)/.exec(await (await call("GET", "/metrics")).text())?.[1];
    await call("POST", "/trigger", { token: ADMIN_TOKEN });
    expect(await complete()).toBe("1");
    await call("POST", "/trigger", { token: ADMIN_TOKEN, settings: { ACE_API_KEY: "expired" } });
    expect(await complete()).toBe("0");
  });

  it("/status, /stats and /metrics agree", async () => {
    simulateUpstream();
    const run = await (
      await call("POST", "/trigger", { token: ADMIN_TOKEN })
    ).json<{ sites: [Record<string, number>] }>();
    const inserted = run.sites[0]["recordsInserted"];
    expect(await (await call("GET", "/status")).json()).toMatchObject({
      sites: [{ watermark: run.sites[0]["watermark"], open_window: null, last_runs: [{ records_inserted: inserted }] }],
    });
    const stats = await (await call("GET", "/stats")).json<{ database: { bytes: number }; sites: object[] }>();
    expect(stats.database.bytes).toBeGreaterThan(10_000);
    expect(stats.sites).toMatchObject([{ name: SITE, points: { discovered: 1 }, samples_stored_24h: inserted }]);
    const metrics = await call("GET", "/metrics");
    expect(metrics.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    const text = await metrics.text();
    expect(text).toContain(`building_vitals_last_sync_records{site="${SITE}",outcome="inserted"} ${inserted}\n`);
    expect(text).toContain(`building_vitals_last_sync_complete{site="${SITE}"} 1\n`);
  });

  it("an unknown address is a 404 with a problem", async () => {
    const response = await call("GET", "/nothing");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "not_found" });
  });
});
