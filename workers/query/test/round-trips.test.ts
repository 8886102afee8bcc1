import { interceptedDatabase } from "@building-vitals/core/d1/intercepted-database";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { HOUR, MINUTE } from "./naive.ts";
import { call, migrate, point, SITE, storePoints, storeSamples, timeseriesPath } from "./service.ts";

const START = Date.UTC(2025, 9, 12);

beforeAll(async () => {
  await migrate();
  const ids = await storePoints(SITE, [point("a"), point("b")]);
  await storeSamples(ids.flatMap((id) => [0, 1, 2].map((i) => [id, START + i * MINUTE, i] as const)));
});

/** D1 calls of an answer. Each is a round trip. */
async function roundTrips(path: string): Promise<number> {
  let calls = 0;
  const DB = interceptedDatabase(env.DB, async (execute) => {
    calls++;
    return execute();
  });
  const response = await call(path, { DB });
  expect(response.status).toBe(200);
  expect(await response.json()).not.toMatchObject({ metadata: { total_samples: 0 } });
  return calls;
}

test("samples of an open day: one call for the state, one for the samples", async () => {
  const asked = { site_name: SITE, point_names: ["a", "b"], start_time: START, end_time: START + HOUR };
  expect(await roundTrips(timeseriesPath({ ...asked, interval: "raw" }))).toBe(2);
  expect(await roundTrips(timeseriesPath({ ...asked, interval: "5min" }))).toBe(2);
});

test("newest samples of a site: one call for versions, one for samples", async () => {
  expect(await roundTrips(`/sites/${SITE}/latest`)).toBe(2);
});
