import { emptyDatabase, migratedDatabase } from "@building-vitals/core/test/database";
import { settleFromSegments } from "@building-vitals/core/day-build/settle-from-segments";
import { newSite, pointSamples } from "@building-vitals/core/test/points";
import { upsertSamples } from "@building-vitals/core/test/store";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { ADMIN_TOKEN, call, SITE, simulateUpstream } from "./service.ts";

const DAY_MS = 86_400_000;
const DAYS = ["2025-10-11", "2025-10-12", "2025-10-13"];
const KEY = (day: string) => `timeseries/${day.replaceAll("-", "/")}/${SITE}.parquet`;

const answerSchema = z.object({
  days: z.array(z.looseObject({ day: z.string().nullable(), outcome: z.string() })),
  next_cursor: z.string().nullable(),
});

beforeAll(migratedDatabase);
beforeEach(async () => {
  await emptyDatabase();
  const { objects } = await env.TIMESERIES.list();
  await Promise.all(objects.map(({ key }) => env.TIMESERIES.delete(key)));
  simulateUpstream();
  vi.spyOn(console, "log").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Syncs, then settles one sample a day of the first point. */
async function settled(): Promise<void> {
  expect((await call("POST", "/trigger", { token: ADMIN_TOKEN })).status).toBe(200);
  const id = await env.DB.prepare("SELECT min(id) AS id FROM points WHERE source = 'catalog'").first<number>("id");
  for (const day of DAYS) await upsertSamples(env.DB, pointSamples([[id!, Date.parse(day) + 5, 1.5]]));
  const site = { id: await newSite(env.DB, SITE), name: SITE };
  for (const day of DAYS) {
    const of = { build: crypto.randomUUID(), site, day: Date.parse(day) / DAY_MS };
    const { outcome } = await settleFromSegments({ db: env.DB, bucket: env.TIMESERIES, hotDays: 0, now: Date.now }, of);
    expect(outcome).toBe("settled");
  }
}

async function rebuild(body: unknown = {}) {
  const response = await call("POST", "/rebuild", { token: ADMIN_TOKEN, body });
  expect(response.status).toBe(200);
  expect(response.headers.get("cache-control")).toBe("no-store");
  const { days, next_cursor: next } = answerSchema.parse(await response.json());
  return { found: days.map(({ day, outcome }) => `${day} ${outcome}`), next };
}

const count = (table: string) => env.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first("n");
const each = (outcome: string) => DAYS.map((day) => `${day} ${outcome}`);

describe("POST /rebuild", () => {
  it("restores all day files, sites and points after a loss of D1", async () => {
    await settled();
    await emptyDatabase();
    expect(await rebuild({ dry_run: true })).toEqual({ found: each("rebuilt"), next: null });
    expect([await count("sites"), await count("day_files"), await count("points")]).toEqual([0, 0, 0]);
    expect(await rebuild()).toEqual({ found: each("rebuilt"), next: null });
    expect([await count("sites"), await count("day_files"), await count("points")]).toEqual([1, 3, 1]);
    expect(await rebuild()).toEqual({ found: each("unchanged"), next: null });
    // the next sync finds the point in the API's list, and continues it
    expect((await call("POST", "/trigger", { token: ADMIN_TOKEN })).status).toBe(200);
    expect(await env.DB.prepare("SELECT source, configured FROM points ORDER BY id LIMIT 1").first()).toEqual({
      source: "catalog",
      configured: 1,
    });
  });

  it("takes a range, a site, and the cursor of an earlier answer", async () => {
    await settled();
    await env.DB.exec("DELETE FROM day_files");
    expect(await rebuild({ from: DAYS[1], to: DAYS[1], site: SITE })).toEqual({
      found: [`${DAYS[1]} rebuilt`],
      next: null,
    });
    expect(await rebuild({ cursor: KEY(DAYS[1]!) })).toEqual({ found: [`${DAYS[2]} rebuilt`], next: null });
    expect((await rebuild()).found).toEqual([`${DAYS[0]} rebuilt`, `${DAYS[1]} unchanged`, `${DAYS[2]} unchanged`]);
  });

  it("reports foreign objects, and files of sites without a setting", async () => {
    await settled();
    await env.TIMESERIES.put(KEY(DAYS[0]!), "somebody else's");
    await env.TIMESERIES.delete(KEY(DAYS[1]!));
    await env.TIMESERIES.put("timeseries/2025/10/13/other.parquet", "x");
    await env.TIMESERIES.put("timeseries/readme.txt", "x");
    expect((await rebuild()).found).toEqual([
      `${DAYS[0]} suspect`,
      `${DAYS[1]} missing`,
      `${DAYS[2]} unknown_site`,
      `${DAYS[2]} unchanged`,
      "null misnamed",
    ]);
    const { results } = await env.DB.prepare("SELECT day, state FROM day_files ORDER BY day").all();
    expect(results.map(({ state }) => state)).toEqual(["suspect", "suspect", "written"]);
    expect(results[0]).toMatchObject({ day: Date.parse(DAYS[0]!) / DAY_MS });
  });

  it.each([
    ["no token", {}, 401, "unauthorized", undefined],
    ["an unknown site", { token: ADMIN_TOKEN, body: { site: "nowhere" } }, 404, "unknown_site", "site"],
    [
      "a date that does not exist",
      { token: ADMIN_TOKEN, body: { from: "2025-02-30" } },
      400,
      "invalid_request",
      "from",
    ],
    [
      "days in the wrong order",
      { token: ADMIN_TOKEN, body: { from: "2025-02-02", to: "2025-02-01" } },
      400,
      "invalid_request",
      "to",
    ],
    ["an invented cursor", { token: ADMIN_TOKEN, body: { cursor: "staging/" } }, 400, "invalid_request", "cursor"],
    ["an unknown field", { token: ADMIN_TOKEN, body: { days: [] } }, 400, "invalid_request", "days"],
  ])("refuses %s, and writes nothing", async (_, options, status, code, field) => {
    await settled();
    await env.DB.exec("DELETE FROM day_files");
    const response = await call("POST", "/rebuild", options);
    expect(response.status).toBe(status);
    const problem = await response.json<Record<string, unknown>>();
    expect(problem).toMatchObject({ code });
    expect(problem["field"]).toBe(field);
    expect(await count("day_files")).toBe(0);
  });
});
