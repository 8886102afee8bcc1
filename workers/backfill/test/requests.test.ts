import { migratedDatabase } from "@building-vitals/core/test/database";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  ADMIN_TOKEN,
  call,
  clear,
  days,
  OTHER_SITE,
  post,
  SITE,
  simulateUpstream,
  status,
  windowsOf,
} from "./service.ts";

beforeAll(migratedDatabase);
beforeEach(clear);
// so that all tests have the same day
const NOW = Date.now();
beforeEach(() => void vi.useFakeTimers({ now: NOW, toFake: ["Date"] }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const OF_DATES = ["/backfill/start", "/backfill/plan", "/backfill/retry-failed", "/backfill/import-to-d1"];
const WRITES = [...OF_DATES, "/backfill/cancel"];
const tomorrow = new Date(NOW + 86_400_000).toISOString().slice(0, 10);
const today = new Date(NOW).toISOString().slice(0, 10);

/** The parts of a problem; `field` is absent if no field is invalid. */
async function problemOf(response: Response): Promise<Record<string, unknown>> {
  const { code, field } = await response.json<Record<string, unknown>>();
  const type = response.headers.get("content-type");
  return { type, status: response.status, code, ...(field === undefined ? {} : { field }) };
}

function problem(httpStatus: number, code: string, field?: string): Record<string, unknown> {
  return { type: "application/problem+json", status: httpStatus, code, ...(field === undefined ? {} : { field }) };
}

it("GET / names the service and its docs", async () => {
  const service = await (await call("GET", "/")).json<{ docs: string; openapi: string }>();
  expect(service).toMatchObject({
    service: "backfill",
    version: expect.any(String),
    docs: "/docs",
    openapi: "/openapi.json",
  });
  for (const path of [service.docs, service.openapi]) expect((await call("GET", path)).status).toBe(200);
});

describe.each(OF_DATES)("POST %s", (path) => {
  const more = path.endsWith("d1") ? { site: SITE } : {};
  it.each([
    ["a malformed date", { start_date: "2025-1-1", end_date: "2025-01-02" }, "invalid_request", "start_date"],
    ["a date that does not exist", { start_date: "2025-01-01", end_date: "2025-02-30" }, "invalid_request", "end_date"],
    ["a date that is not text", { start_date: 20250101, end_date: "2025-01-02" }, "invalid_request", "start_date"],
    ["reversed dates", { start_date: "2025-01-02", end_date: "2025-01-01" }, "invalid_request", "end_date"],
    ["a date in the future", { start_date: "2025-01-02", end_date: tomorrow }, "invalid_request", "end_date"],
    ["today, which has not ended", { start_date: today, end_date: today }, "invalid_request", "start_date"],
    ["more than five years", { start_date: "2019-01-01", end_date: "2024-06-01" }, "span_too_long", "end_date"],
    ["an unknown field", { start_date: "2025-01-01", end_date: "2025-01-01", dry: true }, "invalid_request", "dry"],
  ])("refuses %s, naming the field", async (_, body, code, field) => {
    expect(await problemOf(await post(path, { ...more, ...body }))).toEqual(problem(400, code, field));
    expect(await status()).toEqual({ status: "not_started" });
  });

  it("refuses an unknown site, and a body that is no JSON", async () => {
    const dates = { start_date: "2025-01-01", end_date: "2025-01-01" };
    const [unknown, field] = path.endsWith("d1")
      ? [{ site: "nowhere" }, "site"]
      : [{ sites: [SITE, "nowhere"] }, "sites"];
    expect(await problemOf(await post(path, { ...dates, ...unknown }))).toEqual(problem(404, "unknown_site", field));
    expect(await problemOf(await post(path, "{"))).toEqual(problem(400, "invalid_request"));
  });
});

it.each(["/backfill/start", "/backfill/plan", "/backfill/import-to-d1"])(
  "POST %s names a missing date",
  async (path) => {
    expect(await problemOf(await post(path, { end_date: "2025-01-01" }))).toEqual(
      problem(400, "invalid_request", "start_date"),
    );
  },
);

describe("POST /backfill/retry-failed", () => {
  const dates = ["2025-01-01", "2025-01-02"] as const;
  const failDay = async (day: number) => {
    await days(...dates, SITE);
    const insert = `INSERT INTO day_files (site_id, day, state, updated_at)
      SELECT id, ?1, 'failed', 0 FROM sites WHERE name = '${SITE}'`;
    await env.DB.prepare(insert).bind(day).run();
  };

  it.each(["start_date", "end_date"])("checks a single date: %s", async (field) => {
    for (const date of ["yesterday", tomorrow]) {
      expect(await problemOf(await post("/backfill/retry-failed", { [field]: date }))).toEqual(
        problem(400, "invalid_request", field),
      );
    }
  });

  it.each([
    { start_date: dates[0], end_date: dates[1] },
    { start_date: "2025-01-04" },
    { end_date: "2025-01-02" },
    { sites: [OTHER_SITE] },
  ])("starts nothing if no day has failed: %o", async (body) => {
    simulateUpstream();
    await failDay(20_091);
    const answer = await post("/backfill/retry-failed", body);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: "not_started" });
    expect(await status()).toEqual({ status: "not_started" });
  });
});

it.each(WRITES)("POST %s needs the token", async (path) => {
  const body = { start_date: "2025-01-01", end_date: "2025-01-01" };
  for (const token of [undefined, "another"]) {
    expect(await problemOf(await call("POST", path, token === undefined ? { body } : { token, body }))).toEqual(
      problem(401, "unauthorized"),
    );
  }
  expect(await status()).toEqual({ status: "not_started" });
});

describe("GET /backfill/days", () => {
  it.each([
    ["from=2025-01-01", "to"],
    ["from=2025-01-01&to=yesterday", "to"],
    ["from=2025-01-02&to=2025-01-01", "to"],
    [`from=2025-01-02&to=${tomorrow}`, "to"],
    ["from=2025-01-01&to=2025-01-02&page=1", "page"],
    ["from=2025-01-01&from=2024-01-01&to=2025-01-02", "from"],
  ])("refuses %s", async (query, field) => {
    expect(await problemOf(await call("GET", `/backfill/days?${query}`))).toEqual(
      problem(400, "invalid_request", field),
    );
  });

  it("lists all sites without a site, and refuses an unknown one", async () => {
    const answer = await (
      await call("GET", "/backfill/days?from=2025-01-01&to=2025-01-02")
    ).json<{ sites: unknown[] }>();
    const missing = {
      summary: { missing: 2, written: 0 },
      days: [{ date: "2025-01-01", state: "missing" }, { records: 0 }],
    };
    expect(answer).toMatchObject({
      sites: [
        { site: SITE, ...missing },
        { site: OTHER_SITE, ...missing },
      ],
    });
    expect(await problemOf(await call("GET", "/backfill/days?from=2025-01-01&to=2025-01-01&site=x"))).toEqual(
      problem(404, "unknown_site", "site"),
    );
  });

  it("shows suspect and failed days with their reasons", async () => {
    await days("2025-01-01", "2025-01-01", SITE);
    const insert = `INSERT INTO day_files (site_id, day, state, reason, updated_at)
      SELECT id, ?1, ?2, ?3, 0 FROM sites WHERE name = '${SITE}'`;
    await env.DB.prepare(insert).bind(20_089, "suspect", "another object").run();
    await env.DB.prepare(insert).bind(20_090, "failed", "answered 403").run();
    expect((await days("2025-01-01", "2025-01-02", SITE)).sites[0]).toMatchObject({
      summary: { suspect: 1, failed: 1 },
      days: [
        { date: "2025-01-01", state: "suspect", reason: "another object", r2_path: null },
        { date: "2025-01-02", state: "failed", reason: "answered 403" },
      ],
    });
  });
});

it("POST /backfill/plan estimates the work and starts nothing", async () => {
  const upstream = simulateUpstream();
  const body = { start_date: "2024-01-01", end_date: "2024-12-31" };
  const response = await call("POST", "/backfill/plan", {
    token: ADMIN_TOKEN,
    body,
    settings: { REQUESTS_PER_MINUTE: "50" },
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    ...body,
    days: 732,
    days_skipped: 0,
    calls: 732 * 24,
    hours: 5.856,
    samples: 0,
    bytes: 0,
    cost: { currency: "USD", total: expect.any(Number) },
    sites: [{ site: SITE, days: 366, calls: 366 * 24, basis: "nothing" }, { site: OTHER_SITE }],
  });
  expect(windowsOf(upstream)).toEqual([]);
  expect(await status()).toEqual({ status: "not_started" });
});

it("/health names an invalid setting", async () => {
  const well = await call("GET", "/health");
  expect(await well.json()).toMatchObject({ status: "ok", checks: { schema: { ok: true } } });
  for (const setting of ["ADMIN_TOKEN", "ACE_API_KEY", "TIMESERIES", "BACKFILL", "ETL_STATE"]) {
    const ill = await call("GET", "/health", { settings: { [setting]: undefined } });
    expect(ill.status).toBe(503);
    expect(await ill.text()).toContain(setting);
  }
  for (const [setting, value] of [
    ["REQUESTS_PER_MINUTE", "0"],
    ["PAGE_SIZE", "200000"],
    ["ACE_API_BASE_URL", "flightdeck"],
  ]) {
    const ill = await call("POST", "/backfill/start", { token: ADMIN_TOKEN, settings: { [setting!]: value } });
    expect(await problemOf(ill)).toEqual(problem(500, "settings_invalid", setting));
  }
});

it("unknown addresses are a 404", async () => {
  expect(await problemOf(await call("GET", "/backfill"))).toEqual(problem(404, "not_found"));
});
