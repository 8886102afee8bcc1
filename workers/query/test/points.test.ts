import { settleFromSegments } from "@building-vitals/core/day-build/settle-from-segments";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
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
  storePoints,
  storeSamples,
} from "./service.ts";

const START = Date.UTC(2025, 9, 12, 14);

beforeAll(migrate);
beforeEach(clear);

const pageSchema = z.object({
  points: z.array(z.looseObject({ name: z.string() })),
  next_cursor: z.string().nullable(),
});

async function page(parameters: Record<string, string> = {}, site = SITE) {
  const path = `/sites/${encodeURIComponent(site)}/points?${new URLSearchParams(parameters).toString()}`;
  return pageSchema.parse(await (await call(path)).json());
}
const names = async (parameters: Record<string, string>) => (await page(parameters)).points.map(({ name }) => name);

test("/sites lists the deployment's sites and how far their data is complete", async () => {
  await setWatermark(SITE, START);
  expect(await (await call("/sites")).json()).toEqual({
    sites: [
      { name: SITE, timezone: "America/Chicago", data_until: "2025-10-12T14:00:00.000Z" },
      { name: OTHER_SITE, timezone: "Europe/Berlin", data_until: null },
    ],
  });
});

test("a point with all fields, one without samples, one of another site", async () => {
  const [first] = await storePoints(SITE, [
    point("b", { label: "VAV 8", unit: "°F", intervalS: 300, tags: { kv: { floor: "2" }, markers: ["zone"] } }),
    point("a", { intervalS: null }),
  ]);
  await storeSamples([
    [first!, START, 1],
    [first!, START + 90_000, 2],
  ]);
  await storePoints(OTHER_SITE, [point("x/y")]);
  const noEvidence = { quantity: "gauge", quantity_reason: "neither unit nor tags say otherwise" };
  const silent = {
    ...noEvidence,
    unit: null,
    label: null,
    tags: { kv: {}, markers: [] },
    configured: true,
    first_seen: null,
  };
  expect(await page()).toEqual({
    points: [
      { ...silent, name: "a", interval_s: null, gap_after_s: null, last_seen: null },
      {
        name: "b",
        unit: "°F",
        label: "VAV 8",
        quantity: "gauge",
        quantity_reason: "unit °F",
        tags: { kv: { floor: "2" }, markers: ["zone"] },
        interval_s: 300,
        gap_after_s: 900,
        configured: true,
        // a sync sets first_seen; this test runs no sync
        first_seen: null,
        last_seen: "2025-10-12T14:01:30.000Z",
      },
    ],
    next_cursor: null,
  });
  expect((await page({}, OTHER_SITE)).points.map(({ name }) => name)).toEqual(["x/y"]);
});

test("last_seen is the newest sample of both levels, to the millisecond", async () => {
  const ids = await storePoints(
    SITE,
    ["at rest", "both", "late"].map((name) => point(name)),
  );
  const [settled, both, late] = ids;
  const lastSeen = async () => (await page()).points.map((one) => one["last_seen"]);
  await storeSamples([
    [settled!, START + 1, 1],
    [settled!, START + 90_007, 2],
    [both!, START + 5, 1],
    [late!, START + 60_000, 1],
  ]);
  const of = { build: "build", site: { id: await siteId(SITE), name: SITE }, day: Math.floor(START / 86_400_000) };
  const archivedDay = await settleFromSegments(
    { db: env.DB, bucket: env.TIMESERIES, hotDays: 0, now: () => START + 30 * 86_400_000 },
    of,
  );
  expect(archivedDay).toMatchObject({ outcome: "settled", settledSamples: 4 });
  await storeSamples([
    [both!, START + 26 * 3_600_000 + 3, 1],
    // stored after settling, but earlier than the samples in the file
    [late!, START + 59_999, 1],
  ]);
  expect(await lastSeen()).toEqual([
    "2025-10-12T14:01:30.007Z",
    "2025-10-13T16:00:00.003Z",
    "2025-10-12T14:01:00.000Z",
  ]);
});

test("a site before its first sync has no points", async () => {
  expect(await page({}, OTHER_SITE)).toEqual({ points: [], next_cursor: null });
});

describe("search and tag", () => {
  beforeEach(async () => {
    await storePoints(SITE, [
      point("ahu/1", { label: "Supply Fan", tags: { kv: { floor: "1" }, markers: ["fan"] } }),
      point("ahu/2", { unit: "°F", unitRaw: "degrees-fahrenheit", tags: { kv: { floor: "2" }, markers: ["temp"] } }),
      point("vav_3", { tags: { kv: { floor: "2", fan: "no" }, markers: [] } }),
    ]);
  });

  test.each<[string, Record<string, string>, string[]]>([
    // in the order of labels, or names
    ["a part of the name", { search: "hu/" }, ["ahu/2", "ahu/1"]],
    ["a label, in any case", { search: "SUPPLY f" }, ["ahu/1"]],
    ["a unit", { search: "°F" }, ["ahu/2"]],
    ["a unit as the upstream spells it", { search: "fahrenheit" }, ["ahu/2"]],
    ["no wildcards", { search: "v_v" }, []],
    ["an underscore like any separator", { search: "v_3" }, ["vav_3"]],
    ["words in any order", { search: "fan supply" }, ["ahu/1"]],
    ["other separators", { search: "AHU-2" }, ["ahu/2"]],
    ["no filter: all", { search: "" }, ["ahu/1", "ahu/2", "vav_3"]],
    ["a marker, or a tag's name", { tag: "fan" }, ["ahu/1", "vav_3"]],
    ["a tag's name and value", { tag: "floor:2" }, ["ahu/2", "vav_3"]],
    ["a tag's value alone does not match", { tag: "2" }, []],
    ["a part of a marker does not match", { tag: "tem" }, []],
    ["both", { search: "ahu", tag: "floor:2" }, ["ahu/2"]],
    ["after a name", { cursor: "ahu/1" }, ["ahu/2", "vav_3"]],
    ["after a name without a point", { cursor: "b" }, ["vav_3"]],
  ])("%s", async (_, parameters, found) => {
    expect(await names(parameters)).toEqual(found);
  });
});

test("a search is paged by rank, and refuses another query's cursor", async () => {
  await storePoints(SITE, [
    point("vav/10", { tags: { kv: {}, markers: ["sensor"] } }),
    point("vav/2"),
    point("vav/3", { tags: { kv: {}, markers: ["sp"] } }),
    point("other"),
  ]);
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const got = await page({ search: "vav", limit: "1", ...(cursor === null ? {} : { cursor }) });
    found.push(...got.points.map(({ name }) => name));
    cursor = got.next_cursor;
  } while (cursor !== null);
  expect(found).toEqual(["vav/2", "vav/10", "vav/3"]);
  const refused = await call(`/sites/${SITE}/points?search=vav&cursor=vav/2`);
  expect(await problemOf(refused)).toMatchObject({ status: 400, code: "invalid_request", field: "cursor" });
});

test("a changed label is found at once, under another ETag", async () => {
  const etag = async () => (await call(`/sites/${SITE}/points?search=boiler`)).headers.get("etag");
  await storePoints(SITE, [point("a"), point("b")]);
  const before = await etag();
  expect(await names({ search: "boiler" })).toEqual([]);
  await storePoints(SITE, [point("a"), point("b", { label: "Boiler 1" })]);
  expect(await names({ search: "boiler" })).toEqual(["b"]);
  expect(await etag()).not.toBe(before);
});

test("the pages list all points once, ordered by name", async () => {
  const name = fc.oneof(
    fc.string({ minLength: 1, maxLength: 4 }),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }),
  );
  const wellFormed = name.filter((text) => text.isWellFormed() && !text.includes("\0"));
  const all = fc.uniqueArray(wellFormed, { minLength: 1, maxLength: 25, size: "max" });
  await fc.assert(
    fc
      .asyncProperty(all, fc.integer({ min: 1, max: 10 }), async (stored, limit) => {
        await storePoints(
          SITE,
          stored.map((one) => point(one)),
        );
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const got = await page({ limit: String(limit), ...(cursor === null ? {} : { cursor }) });
          expect(got.points.length).toBeGreaterThan(0);
          expect(got.next_cursor === null || got.points.length === limit).toBe(true);
          seen.push(...got.points.map((one) => one.name));
          cursor = got.next_cursor;
        } while (cursor !== null);
        expect(seen.toSorted()).toEqual(stored.toSorted());
      })
      .beforeEach(clear),
    { numRuns: 25 },
  );
});

test.each<[string, string, number, string, string]>([
  ["a limit of 0", "limit=0", 400, "invalid_request", "limit"],
  ["a limit over 1,000", "limit=1001", 400, "invalid_request", "limit"],
  ["a limit that is no number", "limit=all", 400, "invalid_request", "limit"],
  ["an empty limit", "limit=", 400, "invalid_request", "limit"],
  ["an empty cursor", "cursor=", 400, "invalid_request", "cursor"],
  ["an empty tag", "tag=", 400, "invalid_request", "tag"],
  ["a repeated search", "search=a&search=b", 400, "invalid_request", "search"],
  ["an unknown parameter", "page=2", 400, "invalid_request", "page"],
])("%s is refused", async (_, query, status, code, field) => {
  expect(await problemOf(await call(`/sites/${SITE}/points?${query}`))).toMatchObject({ status, code, field });
});

test("an unknown site is a 404", async () => {
  for (const path of ["/sites/nowhere/points", "/sites/%E0%A4%A/points", "/sites/nowhere/latest"]) {
    expect(await problemOf(await call(path))).toMatchObject({ status: 404, code: "unknown_site", field: "site" });
  }
});
