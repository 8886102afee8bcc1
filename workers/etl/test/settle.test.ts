import { emptyDatabase, migratedDatabase } from "@building-vitals/core/test/database";
import { newSite, pointSamples } from "@building-vitals/core/test/points";
import { upsertSamples } from "@building-vitals/core/test/store";
import { requestDays } from "@building-vitals/core/store/settle-days";
import { pauseSite } from "@building-vitals/core/sync/sync-state";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ADMIN_TOKEN, call, LOST_SITE, runCron, SITE, simulateUpstream } from "./service.ts";

const DAY_MS = 86_400_000;
const DAY = "2025-10-12";
const dayNumber = Date.parse(DAY) / DAY_MS;

let siteId: number;
beforeAll(migratedDatabase);
beforeEach(async () => {
  await emptyDatabase();
  simulateUpstream();
  siteId = await newSite(env.DB, SITE);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const settle = (body: unknown, token: string | undefined = ADMIN_TOKEN) =>
  call("POST", "/settle", { body, ...(token === undefined ? {} : { token }) });
const site = async () => {
  const { sites } = await (await call("GET", "/status")).json<{ sites: Record<string, unknown>[] }>();
  return sites[0]!;
};
/** Stores samples of a day without a file. */
async function storeHot(): Promise<void> {
  expect((await call("POST", "/trigger", { token: ADMIN_TOKEN })).status).toBe(200);
  const id = await env.DB.prepare("SELECT min(id) AS id FROM points WHERE source = 'catalog'").first<number>("id");
  await upsertSamples(env.DB, pointSamples([[id!, Date.parse(DAY) + 5, 1.5]]));
}

it("a damaged row does not fail the sync; /status and /metrics count it", async () => {
  const sync = async () => {
    const response = await call("POST", "/trigger", { token: ADMIN_TOKEN });
    return [response.status, (await response.json<{ sites: Record<string, unknown>[] }>()).sites[0]!["errors"]];
  };
  await sync();
  expect((await site())["damaged_rows"]).toBe(0);
  await env.DB.exec("UPDATE segments SET body = x'ff' WHERE key = (SELECT max(key) FROM segments)");
  expect(await sync()).toEqual([200, []]);
  expect((await site())["damaged_rows"]).toBe(1);
  const metrics = (await (await call("GET", "/metrics")).text()).split("\n");
  expect(metrics).toContain(`building_vitals_damaged_rows{site="${SITE}"} 1`);
});

describe("POST /settle", () => {
  it("makes the named day due; /status and /metrics show it", async () => {
    const response = await settle({ site: SITE, day: DAY });
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ sites: [{ site: SITE, paused: false, days: [DAY] }] });
    expect((await site())["settling"]).toEqual({
      awaiting: 1,
      due: 1,
      oldest_due: DAY,
      due_since: expect.stringMatching(/Z$/),
      last_settled_at: null,
      building: null,
      failed: 0,
    });
    const metrics = (await (await call("GET", "/metrics")).text()).split("\n");
    expect(metrics).toContain(`building_vitals_settle_days_due{site="${SITE}"} 1`);
    expect(metrics).toContain(`building_vitals_settle_days_awaiting{site="${SITE}"} 1`);
  });

  it("without a day: makes the days due that are not settled for good", async () => {
    await storeHot();
    await requestDays(env.DB, siteId, [dayNumber - 3, dayNumber - 1], Date.now() + DAY_MS);
    await env.DB.prepare("UPDATE settle_days SET due_at = NULL WHERE day = ?1")
      .bind(dayNumber - 3)
      .run();
    const { sites } = await (await settle({})).json<{ sites: { days: string[] }[] }>();
    expect(sites[0]!.days.slice(0, 2)).toEqual(["2025-10-11", DAY]);
    expect(sites[0]!.days).not.toContain("2025-10-09");
  });

  it("reports that the days of a paused site wait", async () => {
    await pauseSite(env.DB, siteId, { since: 1, by: { kind: "token", name: "t" }, reason: null });
    expect(await (await settle({ day: DAY })).json()).toEqual({ sites: [{ site: SITE, paused: true, days: [DAY] }] });
  });

  it.each([
    ["no token", {}, 401, "unauthorized", undefined],
    ["an unknown site", { token: ADMIN_TOKEN, body: { site: "nowhere" } }, 404, "unknown_site", "site"],
    ["a date that does not exist", { token: ADMIN_TOKEN, body: { day: "2025-02-30" } }, 400, "invalid_request", "day"],
    ["a day as a number", { token: ADMIN_TOKEN, body: { day: 20_373 } }, 400, "invalid_request", "day"],
    [
      "a day that has not ended",
      { token: ADMIN_TOKEN, body: { day: new Date().toISOString().slice(0, 10) } },
      400,
      "invalid_request",
      "day",
    ],
    ["an unknown field", { token: ADMIN_TOKEN, body: { days: [] } }, 400, "invalid_request", "days"],
  ])("refuses %s", async (_, options, status, code, field) => {
    const response = await call("POST", "/settle", options);
    expect(response.status).toBe(status);
    const problem = await response.json<Record<string, unknown>>();
    expect(problem).toMatchObject({ code });
    expect(problem["field"]).toBe(field);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM settle_days").first("n")).toBe(0);
  });
});

describe("the daily cron", () => {
  it("does its work and then fails if a database does not answer", async () => {
    for (const method of ["log", "error"] as const) vi.spyOn(console, method).mockImplementation(() => undefined);
    await runCron("21 3 * * *");
    await expect(runCron("21 3 * * *", LOST_SITE)).rejects.toThrow("the sites in DB_1");
  });
});
