import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { DAY, MINUTE } from "./naive.ts";
import { settle, clearCold } from "./settle-days.ts";
import {
  call,
  clear,
  migrate,
  point,
  queryJson,
  type Sample,
  setWatermark,
  SITE,
  storePoints,
  storeSamples,
} from "./service.ts";

beforeAll(migrate);
afterEach(() => vi.restoreAllMocks());

test("a damaged segment row makes the answer partial, and costs only itself", async () => {
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

test("damaged places cost aggregates only; the footer finds the samples", async () => {
  vi.spyOn(console, "log").mockReturnValue();
  await clear();
  await clearCold();
  const [id] = await storePoints(SITE, [point("p01", { intervalS: 600 })]);
  const start = Date.UTC(2025, 9, 15);
  const samples = Array.from({ length: 144 }, (_, i): Sample => [id!, start + i * 10 * MINUTE, i]);
  await settle(samples, new Map([[id!, "p01"]]));
  await setWatermark(SITE, start + DAY);
  await env.DB.exec(`UPDATE block_days SET places = x'ff'; UPDATE points SET first_seen = ${start}`);
  const asked = { site_name: SITE, point_names: ["p01"], start_time: start, end_time: start + DAY };
  const raw = await queryJson({ ...asked, interval: "raw" });
  expect(raw.series.map(({ values }) => values)).toEqual([samples.map(([, , value]) => value)]);
  expect(raw.metadata.partial).toBe(false);
  const daily = await queryJson({ ...asked, interval: "1day" });
  expect(daily.metadata).toMatchObject({ partial: true, missing: [[start, start + DAY]] });
  const paths = ["latest", "coverage?start=2025-10-15&end=2025-10-16&points=p01"];
  const [latest, coverage] = await Promise.all(paths.map((path) => call(`/sites/${SITE}/${path}`)));
  expect(await latest!.json()).toMatchObject({
    points: [{ timestamp: samples.at(-1)![1], value: 143 }],
    partial: false,
  });
  expect(await coverage!.json()).toMatchObject({ points: [{ days: [{ samples: null }] }] });
});
