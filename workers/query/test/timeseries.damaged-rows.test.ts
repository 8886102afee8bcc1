import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { DAY, MINUTE } from "./naive.ts";
import { clear, migrate, point, queryJson, setWatermark, SITE, storePoints, storeSamples } from "./service.ts";

beforeAll(migrate);
afterEach(() => vi.restoreAllMocks());

test("a damaged row of young samples makes the answer partial, and costs the row only", async () => {
  vi.spyOn(console, "log").mockReturnValue();
  await clear();
  const [id] = await storePoints(SITE, [point("p01")]);
  const start = Date.UTC(2025, 9, 15);
  await storeSamples([[id!, start, 1]]);
  await storeSamples([[id!, start + MINUTE, 2]]);
  await env.DB.exec("UPDATE segments SET body = x'ff' WHERE key = (SELECT min(key) FROM segments)");
  await setWatermark(SITE, start + DAY);
  const asked = { site_name: SITE, point_names: ["p01"], start_time: start, end_time: start + 2 * MINUTE };
  for (const interval of ["raw", "1min", "1hr"]) {
    const { series, metadata } = await queryJson({ ...asked, interval });
    expect(series.map(({ values }) => values)).toEqual([[2]]);
    expect(metadata).toMatchObject({ partial: true, missing: [[start, start + 1]] });
  }
});
