import { markFailed, markSuspect } from "@building-vitals/core/manifest/write-manifest";
import { dayOf } from "@building-vitals/core/domain/day";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { settle, clearCold, deleteHotDays } from "./settle-days.ts";
import {
  call,
  clear,
  migrate,
  OTHER_SITE,
  point,
  problemOf,
  setWatermark,
  SITE,
  siteId,
  storeGap,
  storePoints,
  storeSamples,
} from "./service.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const DAY = Date.UTC(2025, 9, 12);

let ids: number[];
beforeAll(migrate);
beforeEach(async () => {
  await clear();
  await clearCold();
  ids = await storePoints(SITE, [point("a"), point("b")]);
});

const answerSchema = z.looseObject({
  days: z.array(z.looseObject({ date: z.string(), cold: z.looseObject({ file: z.string().nullable() }) })),
});
const coverage = async (query: string, site = SITE) => {
  const response = await call(`/sites/${encodeURIComponent(site)}/coverage?${query}`);
  const text = await response.text();
  expect([response.status, text]).toEqual([200, expect.any(String)]);
  return answerSchema.parse(JSON.parse(text));
};

const NOTHING = {
  state: "missing",
  rows: 0,
  points: 0,
  bytes: 0,
  source: null,
  reason: null,
  updated_at: null,
  file: null,
};

test("lists each day's levels, states, reasons and the link to its file", async () => {
  const site = await siteId(SITE);
  const names = new Map([
    [ids[0]!, "a"],
    [ids[1]!, "b"],
  ]);
  const [built] = await settle(
    [
      [ids[0]!, DAY, 1],
      [ids[1]!, DAY + 1, 2],
      [ids[1]!, DAY + 2, 2],
    ],
    names,
  );
  await settle([[ids[0]!, DAY + DAY_MS, 1]], names);
  const etag = await env.DB.prepare("SELECT etag FROM day_files WHERE day = ?1")
    .bind(dayOf(DAY) + 1)
    .first<string>("etag");
  await markSuspect(env.DB, { siteId: site, day: dayOf(DAY) + 1, etag }, "it is damaged", 5);
  await markFailed(env.DB, site, dayOf(DAY) + 2, "the API was down", 6);
  await env.DB.prepare("INSERT INTO day_files (site_id, day, state, updated_at) VALUES (?1, ?2, 'confirmed-empty', 7)")
    .bind(site, dayOf(DAY) + 3)
    .run();
  await storeSamples([
    [ids[0]!, DAY + 4 * DAY_MS, 1],
    [ids[1]!, DAY + 4 * DAY_MS + 5 * HOUR_MS, 1],
    [ids[1]!, DAY + 3, 1],
  ]);
  const iso = (ms: number) => new Date(ms).toISOString();
  const { days } = await coverage("start=2025-10-12&end=2025-10-18");
  const file = `/sites/${SITE}/days/2025-10-12.parquet`;
  const { bytes } = built!.written;
  const written = { state: "written", rows: 3, points: 2, bytes, source: "d1", reason: null, updated_at: iso(0), file };
  expect(days).toEqual([
    { date: "2025-10-12", sources: ["D1", "R2"], hot: { hours: 1 }, cold: written, settling: null },
    {
      date: "2025-10-13",
      sources: [],
      hot: { hours: 0 },
      cold: expect.objectContaining({ state: "suspect", reason: "it is damaged", file: null }),
      settling: null,
    },
    {
      date: "2025-10-14",
      sources: [],
      hot: { hours: 0 },
      cold: { ...NOTHING, state: "failed", reason: "the API was down", updated_at: iso(6) },
      settling: null,
    },
    {
      date: "2025-10-15",
      sources: [],
      hot: { hours: 0 },
      cold: { ...NOTHING, state: "confirmed-empty", updated_at: iso(7) },
      settling: null,
    },
    { date: "2025-10-16", sources: ["D1"], hot: { hours: 2 }, cold: NOTHING, settling: null },
    { date: "2025-10-17", sources: [], hot: { hours: 0 }, cold: NOTHING, settling: null },
  ]);
  expect((await (await call(file)).arrayBuffer()).byteLength).toBe(bytes);
});

test("counts a point's samples by day; null if an hour is not rolled up", async () => {
  await settle(
    [
      [ids[0]!, DAY, 1],
      [ids[0]!, DAY + HOUR_MS, 1],
    ],
    new Map([[ids[0]!, "a"]]),
  );
  const ask = async () => (await coverage("start=2025-10-12&end=2025-10-14&points=b,a"))["points"];
  await env.DB.prepare("UPDATE points SET last_seen = ?1 WHERE id = ?2")
    .bind(DAY + HOUR_MS, ids[0]!)
    .run();
  const lastSeen = new Date(DAY + HOUR_MS).toISOString();
  expect(await ask()).toEqual([
    { name: "b", last_seen: null, days: [] },
    { name: "a", last_seen: lastSeen, days: [{ date: "2025-10-12", samples: 2, settled: 2, expected: null }] },
  ]);
  await storeSamples([[ids[0]!, DAY + 7, 1]]);
  expect(await ask()).toEqual([
    { name: "b", last_seen: null, days: [] },
    { name: "a", last_seen: lastSeen, days: [{ date: "2025-10-12", samples: null, settled: 2, expected: null }] },
  ]);
  await deleteHotDays(dayOf(DAY));
});

test("expects samples from the first sample up to the watermark", async () => {
  ids = await storePoints(SITE, [point("a", { intervalS: 600 }), point("b")]);
  for (const time of [DAY + 6 * HOUR_MS, DAY + DAY_MS, DAY + 2 * DAY_MS]) {
    await settle([[ids[0]!, time, 1]], new Map([[ids[0]!, "a"]]));
  }
  await env.DB.prepare("UPDATE points SET first_seen = ?1")
    .bind(DAY + 6 * HOUR_MS)
    .run();
  await setWatermark(SITE, DAY + 2 * DAY_MS + 90 * 60_000);
  const answer = await coverage("start=2025-10-12&end=2025-10-15&points=a");
  expect(answer["points"]).toMatchObject([{ days: [{ expected: 108 }, { expected: 144 }, { expected: 9 }] }]);
});

test("lists the gaps in the range: the site's, and those of named points", async () => {
  await storeGap(0, DAY - HOUR_MS, DAY);
  await storeGap(0, DAY - HOUR_MS + 1, DAY + 1);
  await storeGap(ids[0]!, DAY + HOUR_MS, null);
  await storeGap(ids[1]!, DAY + 2 * HOUR_MS, DAY + 3 * HOUR_MS);
  await storeGap(0, DAY + DAY_MS, DAY + DAY_MS + 1);
  const shown = async (query: string) => {
    const { gaps, gaps_truncated } = await coverage(`start=2025-10-12&end=2025-10-13${query}`);
    expect(gaps_truncated).toBe(false);
    return gaps;
  };
  const ofSite = {
    point: null,
    start: "2025-10-11T23:00:00.001Z",
    end: "2025-10-12T00:00:00.001Z",
    state: "open",
    cause: "unknown",
    samples_recovered: 0,
  };
  const ofPoint = { ...ofSite, point: "a", start: "2025-10-12T01:00:00.000Z", end: null };
  expect(await shown("")).toEqual([ofSite]);
  expect(await shown("&points=a")).toEqual([ofPoint, ofSite]);
});

test("covers the UTC days that [start, end) touches", async () => {
  const dates = async (query: string) => (await coverage(query)).days.map(({ date }) => date);
  expect(await dates(`start=${DAY + 5}&end=${DAY + DAY_MS}`)).toEqual(["2025-10-12"]);
  expect(await dates("start=2025-10-12T23:00:00-05:00&end=2025-10-14T00:00:01Z")).toEqual(["2025-10-13", "2025-10-14"]);
  expect((await dates("start=2020-10-12&end=2025-10-12")).length).toBe(1826);
});

test("a site before its first sync has no data", async () => {
  const { days } = await coverage("start=2025-10-12&end=2025-10-13", OTHER_SITE);
  expect(days).toEqual([{ date: "2025-10-12", sources: [], hot: { hours: 0 }, cold: NOTHING, settling: null }]);
});

test.each([
  ["start=2025-10-12", "invalid_request", /^end/],
  ["start=2025-10-12&end=2025-10-12", "invalid_request", /^end/],
  ["start=1969-12-31&end=1970-01-02", "invalid_request", /^start/],
  ["start=2149-06-01&end=2149-06-09", "invalid_request", /^end/],
  ["start=2020-01-01&end=2025-10-12", "span_too_long", /up to end=2025-01-04/],
  ["start=2025-10-12&end=2025-10-13&points=nowhere", "unknown_point", /nowhere/],
  ["start=2025-10-12&end=2025-10-13&what=1", "invalid_request", /what/],
])("%s is refused: %s", async (query, code, detail) => {
  const problem = await problemOf(await call(`/sites/${SITE}/coverage?${query}`));
  expect([problem.code, problem.detail]).toEqual([code, expect.stringMatching(detail)]);
});
