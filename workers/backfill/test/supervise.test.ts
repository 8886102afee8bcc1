import { startJob } from "@building-vitals/core/backfill/start-job";
import { DAY_MS } from "@building-vitals/core/domain/day";
import { migratedDatabase } from "@building-vitals/core/test/database";
import type { SimulatedUpstream } from "@building-vitals/core/test/simulated-upstream";
import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import worker from "../src/index.ts";
import {
  days,
  keys,
  post,
  SITE,
  simulateUpstream,
  clear,
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

/** Runs the cron, as the platform does every five minutes. */
async function cron(expression = "*/5 * * * *"): Promise<void> {
  await worker.scheduled(createScheduledController({ cron: expression, scheduledTime: new Date() }), { ...env });
}

async function appointed(): Promise<string> {
  const instance = await env.DB.prepare("SELECT instance FROM backfill_instances").first<string>("instance");
  return instance ?? "none";
}

/** The window of the ninth hour of the second day, which begins a millisecond before the hour. */
const NINTH_HOUR = "start_time=2025-10-02T07%3A59%3A59.999";

/**
 * Waits until that window is requested; the first request gets no answer. Polls a counter: a callback in the instance
 * would run in the instance's context and end with it.
 */
async function untilNinthHour(upstream: SimulatedUpstream): Promise<void> {
  let asked = 0;
  upstream.intercept = (request, answer) =>
    request.url.includes(NINTH_HOUR) && asked++ === 0 ? new Promise(() => undefined) : answer();
  await post("/backfill/start", TWO_DAYS);
  await vi.waitFor(() => expect(asked).toBe(1), { timeout: 60_000, interval: 20 });
}

describe("the cron", () => {
  it("starts the instance of a job after a crash during its start", async () => {
    simulateUpstream();
    await using workflow = await watchWorkflow();
    // creates the site's row
    await days("2025-10-01", "2025-10-01", SITE);
    const siteId = await env.DB.prepare("SELECT id FROM sites WHERE name = ?1").bind(SITE).first<number>("id");
    const day = Date.UTC(2025, 9, 1) / DAY_MS;
    const range = { first: day, last: day };
    const job = {
      backfillId: "backfill_1759276800_abcdef",
      range,
      siteIds: [siteId!],
      selection: "unfinished",
    } as const;
    await startJob(env.DB, job, Date.now());
    expect(await status()).toMatchObject({ status: "in_progress", stalled: false });
    await Promise.all([cron(), cron()]);
    expect(await untilEnded()).toMatchObject({ status: "completed", days_completed: 1, api_calls: 24 });
    expect(await workflow.get()).toHaveLength(1);
  });

  it("continues with another instance after a termination, without leftovers", async () => {
    const upstream = simulateUpstream();
    await using workflow = await watchWorkflow();
    await untilNinthHour(upstream);
    const terminated = await appointed();
    await (await env.BACKFILL.get(terminated)).terminate();
    expect((await (await env.BACKFILL.get(terminated)).status()).status).toBe("terminated");
    expect(await keys("staging/")).not.toEqual([]);
    expect(await status()).toMatchObject({ status: "in_progress", days_completed: 1 });

    await cron();
    expect(await untilEnded()).toMatchObject({ status: "completed", days_completed: 2, days_failed: 0 });
    expect(await appointed()).toBe(terminated.replace(/1$/, "2"));
    // the interrupted day is fetched anew, the day before is not
    expect(windowsOf(upstream)).toHaveLength(24 + 9 + 24);
    expect(await keys("")).toEqual([1, 2].map((day) => `timeseries/2025/10/0${day}/${SITE}.parquet`));
    // one per day, and one more for the interrupted day
    expect(await workflow.get()).toHaveLength(3);
    await cron();
    expect(await workflow.get()).toHaveLength(3);
  });

  it("does nothing for a job whose instance runs", async () => {
    const upstream = simulateUpstream();
    await using workflow = await watchWorkflow();
    upstream.intercept = async (request, answer) => {
      if (request.url.includes(NINTH_HOUR)) await Promise.all([cron(), cron()]);
      return answer();
    };
    await post("/backfill/start", TWO_DAYS);
    expect(await untilEnded()).toMatchObject({ status: "completed", api_calls: 48, retries: 0 });
    expect(await workflow.get()).toHaveLength(2);
  });

  it("starts nothing for a cancelled job", async () => {
    const upstream = simulateUpstream();
    await using workflow = await watchWorkflow();
    await untilNinthHour(upstream);
    await (await env.BACKFILL.get(await appointed())).terminate();
    await Promise.all([post("/backfill/cancel"), cron()]);
    expect(await untilEnded()).toMatchObject({ status: "cancelled", days_completed: 1 });
    await cron();
    for (const instance of (await workflow.get()).slice(2)) await instance.waitForStatus("complete");
    expect(await keys("timeseries/")).toHaveLength(1);
  });

  it("ends a job without remaining days, and shows it in KV", async () => {
    simulateUpstream();
    await using _ = await watchWorkflow();
    await post("/backfill/start", { ...TWO_DAYS, end_date: "2025-10-01" });
    await untilEnded();
    await env.DB.prepare("UPDATE backfill_jobs SET status = 'in_progress'").run();
    await cron();
    expect(await status()).toMatchObject({ status: "completed" });
    await untilProjected();
  });

  it("does nothing without a job, and fails for an unknown cron", async () => {
    await cron();
    expect(await status()).toEqual({ status: "not_started" });
    await expect(cron("6 * * * *")).rejects.toThrow('no job for the cron "6 * * * *"');
  });
});

it("reports a job that stands still", async () => {
  await days("2025-10-01", "2025-10-01", SITE);
  const hour = 3_600_000;
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO backfill_jobs (backfill_id, status, start_day, end_day, started_at, updated_at)
       VALUES ('b', 'in_progress', 20362, 20362, ?1, ?1)`,
    ).bind(Date.now() - 3 * hour),
    env.DB.prepare(
      "INSERT INTO backfill_days (backfill_id, site_id, day) SELECT 'b', id, 20362 FROM sites WHERE name = ?1",
    ).bind(SITE),
    env.DB.prepare(
      `INSERT INTO backfill_instances (backfill_id, site_id, number, day, appointed_at)
       SELECT 'b', id, 0, 20362, ?2 FROM sites WHERE name = ?1`,
    ).bind(SITE, Date.now() - 2 * hour),
  ]);
  expect(await status()).toMatchObject({
    status: "in_progress",
    stalled: true,
    sites: [{ site: SITE, stalled: true }],
  });
  await env.DB.prepare("UPDATE backfill_instances SET appointed_at = ?1").bind(Date.now()).run();
  expect(await status()).toMatchObject({ stalled: false, sites: [{ stalled: false }] });
});
