import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createBuilding } from "./building.ts";
import { createSimulator } from "./simulator.ts";
import { get, TEST_KEY } from "./simulator-client.ts";

const NOW = Date.UTC(2025, 9, 12, 15, 0);
const falls = createBuilding({ seed: 7, site: "ses_falls_city", timezone: "America/Chicago", points: 60 });
const dry = createBuilding({ seed: 7, site: "ses_dry_creek", timezone: "Europe/Berlin", points: 20, weather: false });
const old = createBuilding({ seed: 7, site: "ses_old_mill", timezone: "UTC", points: 20, archived: true });
const simulator = createSimulator({ sources: [falls, dry, old], apiKey: TEST_KEY, now: () => NOW });

async function json(path: string): Promise<unknown> {
  return (await get(simulator, path)).json();
}

const listSchema = z.object({
  items: z.array(z.looseObject({ name: z.string() })),
  page: z.number(),
  pages: z.number().nullable(),
  per_page: z.number(),
  total: z.number(),
});

describe("authorization", () => {
  const withHeader = (authorization?: string) =>
    get(simulator, "/api/sites/", { headers: authorization === undefined ? {} : { authorization } });

  test.each([
    ["no header", undefined, 401],
    ["a bare token", TEST_KEY, 401],
    ["another scheme", `Basic ${TEST_KEY}`, 401],
    ["a wrong key", "Bearer wrong", 500],
    ["the key", `Bearer ${TEST_KEY}`, 200],
  ])("%s", async (_, header, status) => {
    expect((await withHeader(header)).status).toBe(status);
  });

  test("a wrong key gets the answer of a crash", async () => {
    expect(await (await withHeader("Bearer wrong")).json()).toEqual({ message: "An unhandled exception occurred." });
  });
});

describe("lists", () => {
  test("sites come ten per page; archived ones on request", async () => {
    const shown = listSchema.parse(await json("/api/sites/"));
    expect(shown).toMatchObject({ page: 1, pages: 1, per_page: 10, total: 2 });
    expect(shown.items.map((site) => site.name)).toEqual(["ses_falls_city", "ses_dry_creek"]);
    expect(listSchema.parse(await json("/api/sites/?show_archived=true")).total).toBe(3);
  });

  test("the list of sites redirects without its trailing slash", async () => {
    const response = await get(simulator, "/api/sites?page=1");
    expect([response.status, response.headers.get("location")]).toEqual([
      308,
      "http://simulator.test/api/sites/?page=1",
    ]);
  });

  test("pages have each point once and in order; later ones are empty", async () => {
    const names: string[] = [];
    for (let page = 1; page <= 5; page++) {
      const list = listSchema.parse(await json(`/api/sites/ses_falls_city/points?per_page=20&page=${page}`));
      expect(list).toMatchObject({ page, pages: 4, per_page: 20, total: 61 });
      expect(list.items.length).toBe([20, 20, 20, 1, 0][page - 1]);
      names.push(...list.items.map((item) => item.name));
    }
    expect(names).toEqual(falls.points.map((point) => point.name));
  });

  test("configured points are those with collection on", async () => {
    const list = listSchema.parse(await json("/api/sites/ses_falls_city/configured_points?per_page=100"));
    expect(list.total).toBe(60);
    expect(list.items.every((item) => item["collect_enabled"] === true)).toBe(true);
  });

  test.each(["3", "25", "200", "0", "-1", "ten", "10.0"])("per_page=%s is refused", async (perPage) => {
    const response = await get(simulator, `/api/sites/?per_page=${perPage}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      message: "Input payload validation failed",
      errors: { per_page: expect.stringContaining(perPage.replace("10.0", "10")) },
    });
  });

  test("the other per_page values are accepted", async () => {
    for (const perPage of [2, 10, 20, 30, 40, 50, 100, 500, 1000, 5000, 10_000, 100_000]) {
      expect((await get(simulator, `/api/sites/?per_page=${perPage}`)).status).toBe(200);
    }
  });
});

describe("one site", () => {
  test("has nullable strings and no time zone", async () => {
    const site = await json("/api/sites/ses_falls_city");
    expect(site).toMatchObject({ name: "ses_falls_city", client: "ses", archived: false, address: null });
    expect(site).not.toHaveProperty("timezone");
  });

  test.each(["", "/points", "/configured_points", "/weather", "/timeseries/paginated"])(
    "an unknown one is a 403 at %j, with a site full of nulls",
    async (tail) => {
      const response = await get(simulator, `/api/sites/nowhere${tail}`);
      const body = z.record(z.string(), z.null()).parse(await response.json());
      expect([response.status, "name" in body && "geo_location" in body]).toEqual([403, true]);
    },
  );
});

describe("weather", () => {
  const schema = z.object({ weather: z.record(z.string(), z.record(z.string(), z.string())) });
  const FIELDS = [
    "temp",
    "feels_like",
    "pressure",
    "humidity",
    "dew_point",
    "clouds",
    "wind_speed",
    "wind_deg",
    "wet_bulb",
  ];

  test("has the last value of each field, which is also a sample", async () => {
    const { weather } = schema.parse(await json("/api/sites/ses_falls_city/weather"));
    expect(Object.keys(weather)).toEqual(FIELDS);
    const temp = weather["temp"]!;
    expect(temp["name"]).toBe("ses/ses_falls_city/weather/temp");
    const path = `/api/points/${encodeURIComponent("ses/ses_falls_city/weather/temp")}/timeseries`;
    const history = z
      .object({ point_samples: z.array(z.unknown()) })
      .parse(await json(`${path}?start_time=2025-10-12T14:00:00&end_time=2025-10-13`));
    expect(history.point_samples.length).toBe(12);
    expect(history.point_samples.at(-1)).toEqual(temp);
  });

  test("without a feed is 404 with the same shape full of nulls", async () => {
    const response = await get(simulator, "/api/sites/ses_dry_creek/weather");
    const nothing = { name: null, value: null, time: null };
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ weather: Object.fromEntries(FIELDS.map((field) => [field, nothing])) });
  });
});

describe("unknown addresses", () => {
  test("an unknown point is 404", async () => {
    const response = await get(simulator, "/api/points/none/timeseries?start_time=2025-10-12&end_time=2025-10-13");
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ message: "A database result was required but none was found." });
  });

  test.each([
    "/api",
    "/api/",
    "/api/points/a/b/timeseries",
    "/api/sites/ses_falls_city/",
    "/sites/",
    "/api/points/%zz/timeseries",
  ])("%s is 404", async (path) => {
    expect((await get(simulator, path)).status).toBe(404);
  });

  test("a method other than GET is 405", async () => {
    expect((await get(simulator, "/api/sites/ses_falls_city", { method: "POST" })).status).toBe(405);
  });
});
