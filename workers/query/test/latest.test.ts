import { beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { call, clear, migrate, OTHER_SITE, point, problemOf, SITE, storePoints, storeSamples } from "./service.ts";

const START = Date.UTC(2025, 9, 12, 14);

beforeAll(migrate);
beforeEach(clear);

const latestSchema = z.strictObject({
  site_name: z.string(),
  points: z.array(
    z.strictObject({
      name: z.string(),
      unit: z.string().nullable(),
      timestamp: z.int().nullable(),
      value: z.number().nullable(),
      age_s: z.int().nullable(),
    }),
  ),
  unknown_points: z.array(z.string()).optional(),
  partial: z.boolean(),
});

async function latest(query = "", site = SITE) {
  const response = await call(`/sites/${encodeURIComponent(site)}/latest${query}`);
  const type = response.headers.get("content-type");
  expect([response.status, type, response.headers.get("cache-control")]).toEqual([
    200,
    "application/json; charset=utf-8",
    "public, no-cache",
  ]);
  return latestSchema.parse(await response.json());
}
const values = async (query = "") => (await latest(query)).points.map(({ name, value }) => [name, value]);

test("lists points with a sample, or all named points", async () => {
  const [a, , c] = await storePoints(SITE, [point("a", { unit: "°F" }), point('b "quoted"'), point("c, d")]);
  const now = Date.now();
  await storeSamples([
    [a!, START, 1],
    [a!, now - 5000, 2.5],
    [c!, START + 1, 3],
  ]);
  expect(await values()).toEqual([
    ["a", 2.5],
    ["c, d", 3],
  ]);
  expect(await values(`?points=${encodeURIComponent("c, d")}&points=${encodeURIComponent('b "quoted",a')}`)).toEqual([
    ["c, d", 3],
    ['b "quoted"', null],
    ["a", 2.5],
  ]);
  const [first, second] = (await latest(`?points=${encodeURIComponent('a,b "quoted"')}`)).points;
  expect(first).toMatchObject({ unit: "°F", timestamp: now - 5000 });
  expect(first!.age_s).toBeGreaterThanOrEqual(5);
  expect(first!.age_s).toBeLessThan(60);
  expect(second).toEqual({ name: 'b "quoted"', unit: null, timestamp: null, value: null, age_s: null });
});

test("values are equal bit for bit", async () => {
  const doubles = [-0, 0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 1e21, 25.517500000000002, 2 ** 53 + 2];
  const ids = await storePoints(
    SITE,
    doubles.map((_, i) => point(`p${i}`)),
  );
  await storeSamples(doubles.map((value, i) => [ids[i]!, START, value]));
  expect(await values()).toEqual(doubles.map((value, i) => [`p${i}`, value]));
});

test("a site without points, and a site before its first sync", async () => {
  expect(await latest()).toEqual({ site_name: SITE, points: [], partial: false });
  expect(await latest("", OTHER_SITE)).toEqual({ site_name: OTHER_SITE, points: [], partial: false });
});

test.each<[string, string, number, string, string]>([
  ["an unknown point", "points=nope", 404, "unknown_point", "points"],
  ["an empty list", "points=", 400, "invalid_request", "points"],
  ["too many points", `points=${Array.from({ length: 101 }, (_, i) => i).join()}`, 400, "too_many_points", "points"],
  ["an unknown parameter", "point=a", 400, "invalid_request", "point"],
])("%s is refused", async (_, query, status, code, field) => {
  expect(await problemOf(await call(`/sites/${SITE}/latest?${query}`))).toMatchObject({ status, code, field });
});
