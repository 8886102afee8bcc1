import { migratedDatabase } from "@building-vitals/core/test/database";
import { newSite } from "@building-vitals/core/test/points";
import { beginSite } from "@building-vitals/core/gaps/gap-sites";
import { requestDays } from "@building-vitals/core/store/settle-days";
import { pauseSite } from "@building-vitals/core/sync/sync-state";
import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import worker from "../src/index.ts";
import { clear, days, keys, post, SITE, simulateUpstream, untilEnded, watchWorkflow, windowsOf } from "./service.ts";

const DAY_MS = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY_MS);
const text = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10);

beforeAll(migratedDatabase);
beforeEach(async () => {
  await clear();
  for (const method of ["log", "error"] as const) vi.spyOn(console, method).mockImplementation(() => undefined);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const cron = () =>
  worker.scheduled(createScheduledController({ cron: "*/5 * * * *", scheduledTime: Date.now() }), { ...env });
const shown = async (day: number) => (await days(text(day), text(day), SITE)).sites[0]!.days[0]!;
const untilSettled = (day: number) =>
  vi.waitFor(async () => expect(await shown(day)).toMatchObject({ settled_at: expect.stringMatching(/Z$/) }), {
    timeout: 30_000,
    interval: 50,
  });

test("the cron settles the due days of a site, one after the other, each once", async () => {
  await using _ = await watchWorkflow();
  const upstream = simulateUpstream();
  await beginSite(env.DB, await newSite(env.DB, SITE), TODAY - 3);
  await cron();
  for (const day of [TODAY - 3, TODAY - 2]) await untilSettled(day);
  // the first offset is three days before the next
  expect(await shown(TODAY - 3)).toMatchObject({
    state: "written",
    source: "api",
    due_at: `${text(TODAY + 1)}T00:00:00.000Z`,
  });
  expect((await keys("timeseries/")).length).toBe(2);
  expect(await keys("staging/")).toEqual([]);
  const asked = windowsOf(upstream).length;
  expect(asked).toBe(2 * 24);
  await cron();
  expect(windowsOf(upstream).length).toBe(asked);
});

test("settling and a backfill of one day write the day once", async () => {
  await using _ = await watchWorkflow();
  simulateUpstream();
  const siteId = await newSite(env.DB, SITE);
  const day = TODAY - 2;
  await requestDays(env.DB, siteId, [day], Date.now());
  const started = post("/backfill/start", { start_date: text(day), end_date: text(day), sites: [SITE] });
  await Promise.all([cron(), started]);
  expect((await untilEnded()).status).toBe("completed");
  await untilSettled(day);
  expect(await shown(day)).toMatchObject({ state: "written", source: "api", reason: null });
  expect(await keys("staging/")).toEqual([]);
});

test("a paused site is not settled", async () => {
  await using _ = await watchWorkflow();
  const upstream = simulateUpstream();
  const siteId = await newSite(env.DB, SITE);
  await requestDays(env.DB, siteId, [TODAY - 2], Date.now());
  await pauseSite(env.DB, siteId, { since: 1, by: { kind: "token", name: "t" }, reason: null });
  await cron();
  expect(await env.DB.prepare("SELECT count(*) AS n FROM settle_days WHERE instance IS NOT NULL").first("n")).toBe(0);
  expect(upstream.asked).toEqual([]);
});
