import { env } from "cloudflare:workers";
import { changeSlices } from "@building-vitals/core/test/block-days";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { settle, clearCold, keyOf, manifestRow } from "./settle-days.ts";
import { aroundRequests } from "./buckets.ts";
import { DAY } from "./naive.ts";
import { call, clear, migrate, point, SITE, storePoints, storeSamples } from "./service.ts";

const FIRST = Date.UTC(2025, 9, 12) / DAY;
const NAMES = ["live", "silent", "late", "never", "older"];

const latestSchema = z.object({
  points: z.array(z.object({ name: z.string(), timestamp: z.int().nullable(), value: z.number().nullable() })),
  partial: z.boolean(),
});

let ids: number[] = [];
let names = new Map<number, string>();

beforeAll(migrate);
beforeEach(async () => {
  await clear();
  await clearCold();
  ids = await storePoints(
    SITE,
    NAMES.map((name) => point(name)),
  );
  names = new Map(ids.map((id, i) => [id, NAMES[i]!]));
  const [live, silent, late, , older] = ids;
  await settle(
    [
      [live!, FIRST * DAY, 1],
      [silent!, FIRST * DAY, 2],
      [silent!, (FIRST + 1) * DAY + 7, 3],
      [silent!, (FIRST + 1) * DAY + 9, -0],
      [late!, (FIRST + 1) * DAY + 8, 5],
      [older!, FIRST * DAY + 1, 6],
    ],
    names,
  );
  // as publishing a day does
  await env.DB.prepare("UPDATE points SET first_seen = ?1 WHERE name <> 'never'")
    .bind(FIRST * DAY)
    .run();
  await storeSamples([
    [live!, (FIRST + 5) * DAY, 7],
    // A late sample, older than the settled ones.
    [late!, FIRST * DAY + 3, 8],
  ]);
});

async function latest(query = "", settings: Record<string, unknown> = {}) {
  const response = await call(`/sites/${SITE}/latest${query}`, settings);
  expect(response.status).toBe(200);
  const { points, partial } = latestSchema.parse(await response.json());
  return { points: points.map(({ name, timestamp, value }) => [name, timestamp, value]), partial };
}

const ALL = [
  ["late", (FIRST + 1) * DAY + 8, 5],
  ["live", (FIRST + 5) * DAY, 7],
  ["older", FIRST * DAY + 1, 6],
  ["silent", (FIRST + 1) * DAY + 9, -0],
];

test("the newest of both levels; each needed file is read once", async () => {
  const keys: string[] = [];
  const bucket = aroundRequests(env.TIMESERIES, (request, key) => {
    keys.push(key);
    return request();
  });
  expect(await latest("", { TIMESERIES: bucket })).toEqual({ points: ALL, partial: false });
  expect(keys.sort()).toEqual([keyOf(FIRST), keyOf(FIRST + 1)]);
  keys.length = 0;
  const named = [...ALL.slice(1, 2), ["never", null, null]];
  expect(await latest("?points=live,never", { TIMESERIES: bucket })).toEqual({ points: named, partial: false });
  expect(keys).toEqual([]);
});

test("of one day the later sample wins; of one millisecond the hot one", async () => {
  const [, silent, late] = ids;
  await storeSamples([
    [silent!, (FIRST + 1) * DAY + 9, 10],
    [late!, (FIRST + 1) * DAY + 9, 11],
  ]);
  expect((await latest("?points=silent,late")).points).toEqual([
    ["silent", (FIRST + 1) * DAY + 9, 10],
    ["late", (FIRST + 1) * DAY + 9, 11],
  ]);
});

test("a foreign file: no older sample stands in for its points' newest", async () => {
  vi.spyOn(console, "log").mockReturnValue();
  await env.TIMESERIES.put(keyOf(FIRST + 1), "x");
  for (const _ of ["found", "known"]) {
    expect(await latest()).toEqual({ points: [ALL[1], ALL[2]], partial: true });
    expect(await manifestRow(FIRST + 1)).toMatchObject({ state: "suspect" });
  }
  const named = [ALL[1], ["silent", null, null]];
  expect(await latest("?points=live,silent")).toEqual({ points: named, partial: true });
  vi.restoreAllMocks();
});

test("a locator that does not parse: the footer finds the newest sample", async () => {
  vi.spyOn(console, "log").mockReturnValue();
  const silent = ids[NAMES.indexOf("silent")]!;
  await changeSlices(env.DB, (slice, { pointId, day }) =>
    pointId === silent && day === FIRST + 1 ? slice.with(2, 0) : slice,
  );
  expect(await latest("?points=live,silent")).toEqual({
    points: [ALL[1], ALL[3]],
    partial: false,
  });
  expect(await manifestRow(FIRST + 1)).toEqual({ state: "written", reason: null });
  vi.restoreAllMocks();
});
