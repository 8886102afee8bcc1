import { migratedDatabase } from "@building-vitals/core/test/database";
import type { SimulatedUpstream } from "@building-vitals/core/test/simulated-upstream";
import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import worker from "../src/index.ts";
import {
  clear,
  days,
  keys,
  post,
  SITE,
  simulateUpstream,
  state,
  status,
  untilEnded,
  watchWorkflow,
  windowsOf,
} from "./service.ts";

beforeAll(migratedDatabase);
beforeEach(clear);

const FIRST = { start_date: "2025-10-01", end_date: "2025-10-01", sites: [SITE] };
const SECOND = { start_date: "2025-10-01", end_date: "2025-10-02", sites: [SITE] };
/** The window of the ninth hour of the first day, which begins a millisecond before the hour. */
const NINTH_HOUR = "start_time=2025-10-01T07%3A59%3A59.999";

type Answer = Record<string, unknown>;

async function start(body: Answer): Promise<Answer & { http: number; backfill_id: string }> {
  const response = await post("/backfill/start", body);
  return { http: response.status, ...(await response.json<Answer & { backfill_id: string }>()) };
}

/** Runs `act` at the first request for the ninth hour of the first day. */
function atNinthHour(upstream: SimulatedUpstream, act: () => Promise<void>): void {
  let isDone = false;
  upstream.intercept = async (request, answer) => {
    if (!isDone && request.url.includes(NINTH_HOUR)) {
      isDone = true;
      await act();
    }
    return answer();
  };
}

async function untilCompleted(id: string): Promise<Answer> {
  return vi.waitFor(
    async () => {
      const answer = await status();
      expect(answer).toMatchObject({ status: "completed", backfill_id: id });
      return answer;
    },
    { timeout: 60_000, interval: 50 },
  );
}

it("shows requests, samples and hours of the day in progress", async () => {
  const upstream = simulateUpstream();
  const seen: Answer[] = [];
  atNinthHour(upstream, async () => void seen.push(await status()));
  await using _ = await watchWorkflow();
  await start(FIRST);
  const ended = await untilEnded();
  const running = { date: "2025-10-01", hours_done: 8, hours_total: 24, requests: 9, samples: expect.any(Number) };
  expect(seen).toMatchObject([{ status: "in_progress", api_calls: 9, sites: [{ running_day: running }] }]);
  const runningSchema = z.object({ sites: z.tuple([z.object({ running_day: z.object({ samples: z.int() }) })]) });
  const { samples } = runningSchema.parse(seen[0]).sites[0].running_day;
  expect(samples).toBeGreaterThan(0);
  expect(samples).toBeLessThan(Number(ended["records_processed"]));
  expect(ended).toMatchObject({ sites: [{ running_day: null }] });
});

it("a forced backfill whose days all failed shows failed days and no rate", async () => {
  const upstream = simulateUpstream();
  await using _ = await watchWorkflow();
  await start(SECOND);
  await untilEnded();
  upstream.intercept = () => Promise.resolve(new Response(null, { status: 403 }));
  await start({ ...SECOND, force_restart: true });
  expect(await untilEnded()).toMatchObject({
    status: "failed",
    days_completed: 0,
    days_failed: 2,
    // each day failed at its first hour
    api_calls: 2,
    rate: { days_per_hour: null },
  });
  const [site] = (await days("2025-10-01", "2025-10-03", SITE)).sites;
  const shown = site?.days.map((day) => [day.state, day.job_outcome]);
  expect(shown).toEqual([
    ["written", "failed"],
    ["written", "failed"],
    ["missing", null],
  ]);
});

describe("a start while another backfill runs", () => {
  it("with force_restart replaces the running one, without a half-written day", async () => {
    const upstream = simulateUpstream();
    const forced: Answer[] = [];
    atNinthHour(upstream, async () => void forced.push(await start({ ...SECOND, force_restart: true })));
    await using workflow = await watchWorkflow();
    const old = await start(FIRST);
    const [restarted] = await vi.waitUntil(() => (forced.length > 0 ? forced : null), { timeout: 30_000 });
    expect(restarted).toMatchObject({ http: 202, status: "started", estimated_days: 2 });
    const id = String(restarted!["backfill_id"]);
    expect(await untilCompleted(id)).toMatchObject({ days_completed: 2, days_skipped: 0, api_calls: 48 });
    for (const instance of await workflow.get()) await instance.waitForStatus("complete");
    const job = await env.DB.prepare("SELECT status, reason FROM backfill_jobs WHERE backfill_id = ?1")
      .bind(old.backfill_id)
      .first();
    expect(job).toEqual({ status: "cancelled", reason: `replaced by ${id}` });
    // the old backfill sent no request after it was replaced
    expect(windowsOf(upstream)).toHaveLength(9 + 48);
    expect(await keys("")).toEqual(["01", "02"].map((day) => `timeseries/2025/10/${day}/${SITE}.parquet`));
    expect((await state("backfill:state"))?.["backfill_id"]).toBe(id);
  });

  it("with queue waits, is shown, begins by itself, and fetches no day twice", async () => {
    const upstream = simulateUpstream();
    const queued: Answer[] = [];
    const seen: Answer[] = [];
    atNinthHour(upstream, async () => {
      const body = { ...SECOND, force_restart: true, queue: true };
      // the second start is a repetition
      for (const again of [body, body]) queued.push(await start(again));
      seen.push(await status());
    });
    await using _ = await watchWorkflow();
    const first = await start({ ...FIRST, queue: true });
    expect(first).toMatchObject({ http: 202, status: "started", estimated_days: 1 });
    await vi.waitUntil(() => seen.length > 0, { timeout: 30_000 });
    const id = String(queued[0]!["backfill_id"]);
    expect(queued[0]).toMatchObject({ http: 202, status: "queued", position: 1, estimated_days: 2 });
    expect(queued[1]).toMatchObject({ status: "queued", position: 1, backfill_id: id });
    expect(seen[0]).toMatchObject({
      backfill_id: first.backfill_id,
      queue: [{ backfill_id: id, position: 1, end_date: "2025-10-02", sites: [SITE], force_restart: true }],
    });
    expect(await untilCompleted(id)).toMatchObject({ days_completed: 2, days_skipped: 1, api_calls: 24, queue: [] });
    expect(windowsOf(upstream)).toHaveLength(48);
  });

  it("without either is refused with suggestions", async () => {
    const upstream = simulateUpstream();
    const refused: Answer[] = [];
    atNinthHour(upstream, async () => void refused.push(await start(SECOND)));
    await using _ = await watchWorkflow();
    await start(FIRST);
    await untilEnded();
    expect(refused).toMatchObject([{ http: 409 }]);
    for (const way of ["/backfill/cancel", "force_restart: true", "queue: true"]) {
      expect(refused[0]!["detail"]).toContain(way);
    }
  });
});

describe("a cancel that names a backfill", () => {
  it("removes it from the queue, or stops it, and the next one begins", async () => {
    const upstream = simulateUpstream();
    const answers: unknown[] = [];
    const cancel = async (id: unknown) => {
      const response = await post("/backfill/cancel", { backfill_id: id });
      const { status: word, code } = await response.json<Answer>();
      answers.push([response.status, word, code]);
    };
    let last: Answer = {};
    await using _ = await watchWorkflow();
    let running = "";
    atNinthHour(upstream, async () => {
      const unwanted = await start({ ...FIRST, start_date: "2025-09-01", end_date: "2025-09-02", queue: true });
      last = await start({ ...FIRST, start_date: "2025-10-02", end_date: "2025-10-02", queue: true });
      await cancel(unwanted.backfill_id);
      await cancel(unwanted.backfill_id);
      await cancel(running);
      // a repeated cancel does not stop the backfill that has begun since
      await cancel(running);
    });
    running = (await start(FIRST)).backfill_id;
    await vi.waitUntil(() => answers.length === 4, { timeout: 30_000 });
    expect(answers).toEqual([
      [200, "cancelled", undefined],
      [409, 409, "no_backfill_running"],
      [200, "cancelled", undefined],
      [200, "cancelled", undefined],
    ]);
    await untilCompleted(String(last["backfill_id"]));
    expect(await keys("")).toEqual([`timeseries/2025/10/02/${SITE}.parquet`]);
  });
});

it("the cron begins a waiting backfill after a crash at the last one's end", async () => {
  simulateUpstream();
  await using _ = await watchWorkflow();
  // creates the site's row
  await days("2025-10-01", "2025-10-01", SITE);
  const siteId = await env.DB.prepare("SELECT id FROM sites WHERE name = ?1").bind(SITE).first<number>("id");
  const insert = `INSERT INTO backfill_queue (backfill_id, start_day, end_day, sites, force_restart, covered_since, queued_at)
    VALUES (?1, 20362, 20362, ?2, 0, 0, 0)`;
  const waits = (id: string, sites: unknown) => env.DB.prepare(insert).bind(id, JSON.stringify(sites)).run();
  await waits("backfill_1_a", [{ id: siteId, name: SITE }]);
  await waits("backfill_1_b", [{ id: siteId, name: "ses_gone" }]);
  const controller = createScheduledController({ cron: "*/5 * * * *", scheduledTime: new Date() });
  await worker.scheduled(controller, { ...env });
  const ended = await vi.waitFor(
    async () => {
      const answer = await status();
      expect(answer).toMatchObject({ backfill_id: "backfill_1_b", status: "completed" });
      return answer;
    },
    { timeout: 60_000, interval: 50 },
  );
  expect(ended["queue"]).toEqual([]);
  expect(await keys("")).toEqual([`timeseries/2025/10/01/${SITE}.parquet`]);
});
