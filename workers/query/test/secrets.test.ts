import { interceptedDatabase } from "@building-vitals/core/d1/intercepted-database";
import { interceptedBucket } from "@building-vitals/core/test/intercepted-bucket";
import { Outlets, PLANTED } from "@building-vitals/core/test/planted-secrets";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { settle, clearCold } from "./settle-days.ts";
import { call, clear, migrate, point, SITE, storePoints, storeSamples, timeseriesPath } from "./service.ts";

const { QUERY_TOKEN, GUESS } = PLANTED;
const START = Date.UTC(2025, 9, 12);
const DAY = 86_400_000;
const QUERY = { site_name: SITE, point_names: "a", start_time: START, end_time: START + 2 * DAY };

let out: Outlets;
beforeAll(migrate);
beforeEach(async () => {
  await clear();
  await clearCold();
  const [id] = await storePoints(SITE, [point("a")]);
  await settle([[id!, START, 1]], new Map([[id!, "a"]]));
  await storeSamples([[id!, START + DAY, 2]]);
  out = new Outlets();
  out.watchConsole();
});
afterEach(() => vi.restoreAllMocks());

/** Calls every route with the right token, wrong tokens and none. @returns answers by status */
async function askAll(failing: Record<string, unknown> = {}): Promise<Set<number>> {
  const statuses = new Set<number>();
  const settings = { QUERY_TOKEN, CORS_ORIGINS: "https://dash.test", ...failing };
  const ask = async (path: string, token: string | null, given: Record<string, unknown> = {}, method = "GET") => {
    const headers = { origin: "https://dash.test", ...(token === null ? {} : { authorization: token }) };
    const answer = await call(path, { ...settings, ...given }, headers, method).catch((error: unknown) =>
      out.note(path, error),
    );
    if (answer !== undefined) statuses.add(await out.noteAnswer(`${method} ${path}`, answer));
  };
  const paths = [
    "/sites",
    `/sites/${SITE}/points`,
    `/sites/${SITE}/latest`,
    `/sites/${SITE}/coverage?start=${START}&end=${START + 2 * DAY}`,
    `/sites/${SITE}/days/2025-10-12.parquet`,
    ...["raw", "5min", "1hr", "1day"].map((interval) => timeseriesPath({ ...QUERY, interval })),
    ...["csv", "arrow", "rows"].map((format) => timeseriesPath({ ...QUERY, format })),
    timeseriesPath({ ...QUERY, nonsense: 1 }),
    "/health",
    "/docs",
    "/openapi.json",
    "/nothing",
  ];
  const right = `Bearer ${QUERY_TOKEN}`;
  for (const path of paths) {
    for (const token of [right, `Bearer ${GUESS}`, `Basic ${btoa(`user:${QUERY_TOKEN}`)}`, null])
      await ask(path, token);
    await ask(path, right, {}, "OPTIONS");
    await ask(path, right, {}, "DELETE");
  }
  await ask("/sites", right, { SITES: `not JSON ${QUERY_TOKEN}` });
  await ask("/sites", right, { CORS_ORIGINS: QUERY_TOKEN });
  return statuses;
}

async function expectNoLeak(): Promise<void> {
  await out.noteStored(env);
  expect(out.count).toBeGreaterThan(200);
  expect(out.leaks()).toEqual([]);
}

it("no secret is logged, answered or stored without faults", async () => {
  expect([...(await askAll())]).toEqual(expect.arrayContaining([200, 204, 400, 401, 404, 405]));
  await expectNoLeak();
});

it.each([
  [
    "D1 fails",
    503,
    () => ({ DB: interceptedDatabase(env.DB, () => Promise.reject(new Error("D1_ERROR: no such table: x"))) }),
  ],
  [
    "R2 fails",
    200,
    () => ({ TIMESERIES: interceptedBucket(env.TIMESERIES, () => Promise.reject(new Error("get: failed (10001)"))) }),
  ],
])("no secret is logged, answered or stored if %s", async (_, expected, failing) => {
  expect([...(await askAll(failing()))]).toContain(expected);
  await expectNoLeak();
});
