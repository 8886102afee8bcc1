import { emptyDatabase, migratedDatabase } from "@building-vitals/core/test/database";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ADMIN_TOKEN, call, LOST_SITE, runCron, SITE, simulateUpstream } from "./service.ts";

const DAY_MS = 86_400_000;
const KEY = (day: string) => `timeseries/${day.replaceAll("-", "/")}/${SITE}.parquet`;

beforeAll(migratedDatabase);
beforeEach(async () => {
  await emptyDatabase();
  const { objects } = await env.TIMESERIES.list();
  await Promise.all(objects.map(({ key }) => env.TIMESERIES.delete(key)));
  simulateUpstream();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Syncs an hour, and moves what came 21 days back. @returns the days it then lies on, YYYY-MM-DD */
async function storedSince21Days(): Promise<string[]> {
  expect((await call("POST", "/trigger", { token: ADMIN_TOKEN })).status).toBe(200);
  await env.DB.batch([
    env.DB.prepare("UPDATE segments SET key = key - (21 << 24)"),
    env.DB.prepare("UPDATE hot_hours SET hour = hour - 21 * 86400000"),
  ]);
  const { results } = await env.DB.prepare("SELECT DISTINCT hour / ?1 AS day FROM hot_hours ORDER BY day")
    .bind(DAY_MS)
    .all<{ day: number }>();
  return [...new Set(results.map(({ day }) => new Date(Math.floor(day) * DAY_MS).toISOString().slice(0, 10)))];
}

const segments = () => env.DB.prepare("SELECT count(*) AS n FROM segments").first("n");

describe("POST /archive", () => {
  const now = Date.now();
  beforeEach(() => void vi.useFakeTimers({ now, toFake: ["Date"] }));
  afterEach(() => void vi.useRealTimers());

  it("folds what has left the hot window into its files, and answers with what was done", async () => {
    const days = await storedSince21Days();
    const response = await call("POST", "/archive", { token: ADMIN_TOKEN });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      startTime: expect.stringMatching(/Z$/),
      duration: expect.any(Number),
      days: days.map((day) => ({ site: SITE, day, outcome: "archived", samples: expect.any(Number), reason: null })),
      remaining: 0,
      swept: 0,
    });
    expect(await segments()).toBe(0);
    expect((await env.TIMESERIES.list()).objects.map(({ key }) => key)).toEqual(days.map(KEY));
  });

  it("leaves what is younger than HOT_DAYS, but for a day that is named", async () => {
    const [day] = await storedSince21Days();
    const settings = { HOT_DAYS: "30" };
    const due = await call("POST", "/archive", { token: ADMIN_TOKEN, settings });
    expect(await due.json()).toMatchObject({ days: [] });
    const named = await call("POST", "/archive", { token: ADMIN_TOKEN, settings, body: { site: SITE, day } });
    expect(await named.json()).toMatchObject({ days: [{ day, outcome: "archived" }] });
  });

  it.each([
    ["no token", {}, 401, "unauthorized", undefined],
    ["an unknown site", { token: ADMIN_TOKEN, body: { site: "nowhere" } }, 404, "unknown_site", "site"],
    ["a day that is none", { token: ADMIN_TOKEN, body: { day: "2025-02-30" } }, 400, "invalid_request", "day"],
    ["a day as a number", { token: ADMIN_TOKEN, body: { day: 20_373 } }, 400, "invalid_request", "day"],
    [
      "a day that has not ended",
      { token: ADMIN_TOKEN, body: { day: new Date(now).toISOString().slice(0, 10) } },
      400,
      "invalid_request",
      "day",
    ],
    ["an unknown field", { token: ADMIN_TOKEN, body: { days: [] } }, 400, "invalid_request", "days"],
  ])("refuses %s, and archives nothing", async (_, options, status, code, field) => {
    await storedSince21Days();
    const response = await call("POST", "/archive", options);
    expect(response.status).toBe(status);
    const problem = await response.json<Record<string, unknown>>();
    expect(problem).toMatchObject({ code });
    expect(problem["field"]).toBe(field);
    expect(await segments()).toBeGreaterThan(0);
  });
});

describe("the daily cron", () => {
  it("archives", async () => {
    await storedSince21Days();
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    await runCron("21 3 * * *");
    expect(await segments()).toBe(0);
  });

  it("archives the sites whose databases answer, and fails for the others", async () => {
    await storedSince21Days();
    for (const method of ["log", "error"] as const) vi.spyOn(console, method).mockImplementation(() => undefined);
    await expect(runCron("21 3 * * *", LOST_SITE)).rejects.toThrow("not archived: the sites in DB_1");
    expect(await segments()).toBe(0);
  });

  it("fails, to be seen as failed, when a day could not be archived; its samples stay hot", async () => {
    const days = await storedSince21Days();
    await env.TIMESERIES.put(KEY(days[0]!), "somebody else's");
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    await expect(runCron("21 3 * * *")).rejects.toThrow(`not archived: ${SITE} ${days[0]}`);
    expect(await segments()).toBeGreaterThan(0);
  });
});
