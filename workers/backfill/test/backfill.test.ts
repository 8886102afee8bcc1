import { changeSlices, storedPointDays } from "@building-vitals/core/test/block-days";
import { migratedDatabase } from "@building-vitals/core/test/database";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  ADMIN_TOKEN,
  call,
  clear,
  days,
  keys,
  OTHER_SITE,
  post,
  SITE,
  simulateUpstream,
  state,
  status,
  untilEnded,
  untilProjected,
  watchWorkflow,
  windowsOf,
} from "./service.ts";

beforeAll(migratedDatabase);
beforeEach(clear);
afterEach(() => void vi.unstubAllGlobals());

const TWO_DAYS = { start_date: "2025-10-01", end_date: "2025-10-02", sites: [SITE] };

describe("a backfill", () => {
  it("writes each day and reports it in the shapes of the older documents", async () => {
    const upstream = simulateUpstream();
    await using _ = await watchWorkflow();
    expect(await status()).toEqual({ status: "not_started" });
    const response = await post("/backfill/start", TWO_DAYS);
    expect(response.status).toBe(202);
    const started = await response.json<Record<string, unknown>>();
    expect(started).toEqual({
      status: "started",
      backfill_id: expect.stringMatching(/^backfill_\d{10}_[0-9a-f]{6}$/),
      start_date: "2025-10-01",
      end_date: "2025-10-02",
      estimated_days: 2,
      message: "Backfill started in background. Check /backfill/status for progress.",
    });
    const ended = await untilEnded();
    const counts = { days_completed: 2, days_total: 2, records_processed: expect.any(Number) };
    expect(ended).toMatchObject({
      status: "completed",
      backfill_id: started["backfill_id"],
      start_date: "2025-10-01",
      end_date: "2025-10-02",
      current_date: "2025-10-02",
      ...counts,
      progress_percent: "100.00",
      estimated_completion: null,
      days_failed: 0,
      days_empty: 0,
      days_skipped: 0,
      retries: 0,
      api_calls: 48,
      reason: null,
      sites: [{ site: SITE, ...counts, progress_percent: "100.00", current_date: null }],
    });
    expect(ended["records_processed"]).toBeGreaterThan(2000);
    for (const key of ["started_at", "last_updated"]) expect(ended[key]).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    // each hour once
    expect(windowsOf(upstream)).toHaveLength(48);

    const { sites } = await days("2025-09-30", "2025-10-03", SITE);
    expect(sites[0]).toMatchObject({ site: SITE, summary: { written: 2, missing: 2, failed: 0 } });
    expect(sites[0]?.days.map((day) => day.state)).toEqual(["missing", "written", "written", "missing"]);
    expect(await keys("")).toEqual(sites[0]?.days.flatMap((day) => day.r2_path ?? []));
  });

  it("shows its progress in KV under the old keys", async () => {
    simulateUpstream();
    await using _ = await watchWorkflow();
    await post("/backfill/start", TWO_DAYS);
    const ended = await untilEnded();
    await untilProjected();
    const shown = ["backfill_id", "status", "start_date", "end_date", "current_date", "days_completed", "days_total"];
    const last = [...shown, "records_processed", "started_at", "last_updated"];
    expect(await state("backfill:state")).toEqual(Object.fromEntries(last.map((key) => [key, ended[key]])));
    expect(await state(`backfill:day:20251002:${SITE}`)).toEqual({
      status: "completed",
      outcome: "written",
      records: expect.any(Number),
      r2_path: `timeseries/2025/10/02/${SITE}.parquet`,
      completed_at: expect.stringMatching(/Z$/),
    });
    expect((await env.ETL_STATE.list({ prefix: "backfill:errors:" })).keys).toEqual([]);
  });

  it("skips finished days, and builds all again with force_restart", async () => {
    const upstream = simulateUpstream();
    await using _ = await watchWorkflow();
    await post("/backfill/start", { ...TWO_DAYS, end_date: "2025-10-01" });
    await untilEnded();
    const before = windowsOf(upstream).length;
    await post("/backfill/start", TWO_DAYS);
    expect(await untilEnded()).toMatchObject({
      status: "completed",
      days_completed: 2,
      days_skipped: 1,
      api_calls: 24,
    });
    expect(
      windowsOf(upstream)
        .slice(before)
        .every(({ start }) => start >= "2025-10-01T23:59"),
    ).toBe(true);
    await post("/backfill/start", TWO_DAYS);
    expect(await untilEnded()).toMatchObject({ status: "completed", days_completed: 2, days_skipped: 2, api_calls: 0 });
    await changeSlices(env.DB, (slice) => slice.with(2, 0));
    await post("/backfill/start", { ...TWO_DAYS, force_restart: true });
    expect(await untilEnded()).toMatchObject({ status: "completed", days_skipped: 0, api_calls: 48 });
    expect(await keys("staging/")).toEqual([]);
    // The files were equal, but their locators in the manifest were damaged. The backfill restores them.
    const pointDays = await storedPointDays(env.DB);
    expect(pointDays.length).toBeGreaterThan(0);
    for (const { locator } of pointDays) expect(locator).not.toBeNull();
  });

  it("builds each day in its own instance", async () => {
    simulateUpstream({}, 2);
    await using workflow = await watchWorkflow();
    await post("/backfill/start", { start_date: "2025-10-03", end_date: "2025-10-05", sites: [SITE] });
    expect(await untilEnded()).toMatchObject({ status: "completed", days_completed: 3, days_failed: 0 });
    expect(await workflow.get()).toHaveLength(3);
  });

  it("builds the sites concurrently", async () => {
    const upstream = simulateUpstream();
    await using _ = await watchWorkflow();
    await post("/backfill/start", { ...TWO_DAYS, sites: undefined });
    expect(await untilEnded()).toMatchObject({
      status: "completed",
      days_completed: 2,
      days_total: 2,
      site_days_completed: 4,
      site_days_total: 4,
      sites: [
        { site: SITE, days_completed: 2 },
        { site: OTHER_SITE, days_completed: 2 },
      ],
    });
    const order = windowsOf(upstream).map(({ site }) => site);
    expect(order.indexOf(OTHER_SITE)).toBeLessThan(order.lastIndexOf(SITE));
    expect(order.indexOf(SITE)).toBeLessThan(order.lastIndexOf(OTHER_SITE));
  });

  it("records a failed day with its reason, continues, and retries that day", async () => {
    const upstream = simulateUpstream();
    let broken = true;
    upstream.intercept = (request, answer) =>
      broken && /start_time=2025-10-02T0[5]/.test(request.url)
        ? Promise.resolve(new Response("a secret of the upstream", { status: 403 }))
        : answer();
    await using _ = await watchWorkflow();
    await post("/backfill/start", { ...TWO_DAYS, end_date: "2025-10-03" });
    expect(await untilEnded()).toMatchObject({
      status: "completed",
      days_completed: 2,
      days_failed: 1,
      days_total: 3,
      progress_percent: "66.67",
      records_processed: expect.any(Number),
    });
    const [site] = (await days("2025-10-01", "2025-10-03", SITE)).sites;
    expect(site?.days.map((day) => day.state)).toEqual(["written", "failed", "written"]);
    expect(site?.days[1]?.reason).toContain("answered 403");
    expect(site?.days[1]?.reason).not.toContain("secret");
    expect(await keys("staging/")).toEqual([]);
    const [error] = (await env.ETL_STATE.list({ prefix: "backfill:errors:" })).keys;
    expect(await state(error!.name)).toMatchObject({
      error: site?.days[1]?.reason,
      context: { site: SITE, date: "2025-10-02" },
    });

    broken = false;
    const before = windowsOf(upstream).length;
    const retry = await post("/backfill/retry-failed");
    expect(retry.status).toBe(202);
    expect(await retry.json()).toMatchObject({ status: "started", start_date: "2025-10-02", estimated_days: 1 });
    expect(await untilEnded()).toMatchObject({ status: "completed", days_completed: 1, days_failed: 0, days_total: 1 });
    expect(windowsOf(upstream).slice(before)).toHaveLength(24);
    const nothing = await post("/backfill/retry-failed");
    expect(nothing.status).toBe(200);
    expect(await nothing.json()).toMatchObject({ status: "not_started" });
  });

  it("survives a faulty API by retries, of the client and of the engine", async () => {
    const upstream = simulateUpstream();
    let failures = 0;
    // One failure more than the client retries in a step, so that the engine repeats the step.
    upstream.intercept = (request, answer) =>
      /start_time=2025-10-01T0[3]/.test(request.url) && failures++ < 4
        ? Promise.resolve(new Response(null, { status: 503 }))
        : answer();
    const { setTimeout: wait } = globalThis;
    vi.stubGlobal("setTimeout", (callback: () => void, ms: number) => wait(callback, ms < 20_000 ? 0 : ms));
    await using _ = await watchWorkflow();
    await post("/backfill/start", { ...TWO_DAYS, end_date: "2025-10-01" });
    const counts = { api_calls: 28, retries: 4 };
    expect(await untilEnded()).toMatchObject({ status: "completed", days_completed: 1, days_failed: 0, ...counts });
  });

  it("fails every day of a site without a catalogue", async () => {
    const upstream = simulateUpstream();
    upstream.intercept = (request, answer) =>
      request.url.includes("configured_points") ? Promise.resolve(new Response(null, { status: 401 })) : answer();
    await using _ = await watchWorkflow();
    await post("/backfill/start", TWO_DAYS);
    const ended = await untilEnded();
    expect(ended).toMatchObject({ status: "failed", days_failed: 2, days_completed: 0, progress_percent: "0.00" });
    expect(ended["reason"]).toContain("answered 401");
    expect(windowsOf(upstream)).toEqual([]);
  });
});

/** A window begins a millisecond before its hour. */
const NINTH_HOUR = "start_time=2025-10-02T07%3A59%3A59.999";

describe("cancelling", () => {
  it("takes effect within a step, keeps progress, and a later start resumes", async () => {
    const upstream = simulateUpstream();
    let cancelled: { status: number; body: unknown } | undefined;
    upstream.intercept = async (request, answer) => {
      if (cancelled === undefined && request.url.includes(NINTH_HOUR)) {
        const response = await post("/backfill/cancel");
        cancelled = { status: response.status, body: await response.json() };
      }
      return answer();
    };
    await using workflow = await watchWorkflow();
    const started = await (
      await post("/backfill/start", { ...TWO_DAYS, end_date: "2025-10-04" })
    ).json<{ backfill_id: string }>();
    expect(await untilEnded()).toMatchObject({ status: "cancelled", days_completed: 1, days_total: 4 });
    expect(cancelled).toEqual({
      status: 200,
      body: {
        status: "cancelled",
        backfill_id: started.backfill_id,
        days_completed: 1,
        message: "Backfill cancelled. Progress has been saved.",
      },
    });
    for (const instance of await workflow.get()) await instance.waitForStatus("complete");
    expect(windowsOf(upstream)).toHaveLength(24 + 9);
    expect(await keys("")).toEqual([`timeseries/2025/10/01/${SITE}.parquet`]);
    expect((await state("backfill:state"))?.["status"]).toBe("cancelled");
    // a repeated cancel gives the same answer
    expect((await post("/backfill/cancel")).status).toBe(200);

    await post("/backfill/start", { ...TWO_DAYS, end_date: "2025-10-04" });
    expect(await untilEnded()).toMatchObject({
      status: "completed",
      days_completed: 4,
      days_skipped: 1,
      api_calls: 72,
    });
    // includes the samples of the day that was finished before
    const { sites } = await days("2025-10-01", "2025-10-04", SITE);
    const records = sites[0]?.days.reduce((sum, day) => sum + day.records, 0);
    expect((await status())["records_processed"]).toBe(records);
  });

  it("is refused if no backfill runs", async () => {
    const response = await post("/backfill/cancel");
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: "no_backfill_running" });
  });
});

it("of concurrent starts one begins, and the others are refused", async () => {
  simulateUpstream();
  await using _ = await watchWorkflow();
  const responses = await Promise.all([1, 2, 3, 4].map(() => post("/backfill/start", TWO_DAYS)));
  const statuses = responses.map((response) => response.status);
  expect(statuses.sort((a, b) => a - b)).toEqual([202, 409, 409, 409]);
  const refused = responses.find((response) => response.status === 409);
  expect(await refused?.json()).toMatchObject({ code: "backfill_in_progress", status: 409 });
  expect(await untilEnded()).toMatchObject({ status: "completed", days_completed: 2 });
});

it("a job whose Workflow cannot be started fails and blocks no other", async () => {
  const workflow = {
    create: () => Promise.reject(new Error("no engine")),
    get: () => Promise.reject(new Error("none")),
  };
  const settings = { BACKFILL: workflow };
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const options = { token: ADMIN_TOKEN, body: TWO_DAYS, settings };
  expect((await call("POST", "/backfill/start", options)).status).toBe(500);
  vi.restoreAllMocks();
  expect(await status()).toMatchObject({ status: "failed", reason: "the Workflow could not be started" });
});
