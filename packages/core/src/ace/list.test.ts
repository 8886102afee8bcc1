import { describe, expect, it } from "vitest";
import { AceError } from "./ace-error.ts";
import { createAceClient } from "./client.ts";
import { type Answer, fakeClock, json, scriptedFetch, status } from "../../test/scripted-fetch.ts";

const points = (n: number, from = 0) => Array.from({ length: n }, (_, i) => ({ id: from + i, name: `p/${from + i}` }));

function setUp(...answers: Answer[]) {
  const { fetch, requests } = scriptedFetch(...answers);
  const { now, sleep } = fakeClock();
  const config = { baseUrl: "https://ace.test/api", apiKey: "k", fetch, random: () => 1, now, sleep };
  return { client: createAceClient(config), requests };
}

interface Paging {
  readonly page: number;
  readonly pages: number;
  readonly per_page: number;
  readonly total: number;
}

/** An upstream with `count` points, at most `cap` a page. */
function upstream(count: number, cap: number, meta: (page: Paging) => object = (page) => page): Answer {
  return (url) => {
    const perPage = Math.min(Number(url.searchParams.get("per_page")), cap);
    const page = Number(url.searchParams.get("page"));
    const from = (page - 1) * perPage;
    const items = points(Math.max(0, Math.min(perPage, count - from)), from);
    return Response.json({
      items,
      ...meta({ page, pages: Math.ceil(count / perPage), per_page: perPage, total: count }),
    });
  };
}

const withoutPages = (page: Paging) => ({ ...page, pages: null });
const nothingKnown = () => ({});
/** An upstream that caps its pages, and computes its paging fields from the request. */
const echoed = (page: Paging) => ({ ...page, per_page: 10_000, pages: 1, total: null });

describe("lists", () => {
  it.each<[string, number, number, (page: Paging) => object, number]>([
    ["no point", 0, 10_000, (page) => page, 1],
    ["4,583 points", 4583, 10_000, (page) => page, 1],
    ["7,327 points", 7327, 10_000, (page) => page, 1],
    ["one full page", 10_000, 10_000, (page) => page, 1],
    ["more than a page", 10_001, 10_000, (page) => page, 2],
    ["an upstream that gives fewer entries a page than requested", 250, 100, (page) => page, 3],
    ["no number of pages: a short page ends the list", 250, 100, withoutPages, 3],
    ["no number of pages: an empty page ends the list", 200, 100, withoutPages, 3],
    ["only items: an empty page ends the list", 250, 10_000, nothingKnown, 2],
    ["fewer entries a page than requested, and per_page echoed", 250, 100, echoed, 4],
    [
      "fewer entries a page than requested, per_page echoed, no pages",
      250,
      100,
      (page) => ({ ...echoed(page), pages: null }),
      4,
    ],
    ["fewer entries a page than requested, without other fields", 250, 100, nothingKnown, 4],
    [
      "fewer entries a page than requested, with the total",
      250,
      100,
      ({ total }) => ({ total, per_page: 10_000, pages: 1 }),
      3,
    ],
    ["a wrong page number", 250, 100, (page) => ({ ...page, page: 1 }), 3],
    ["a total that counts one page", 250, 100, (page) => ({ ...page, total: 100 }), 4],
    ["paging fields that are not counts", 250, 100, () => ({ pages: "3", total: -1, per_page: 0.5 }), 4],
  ])("%s", async (_, count, cap, meta, calls) => {
    const { client } = setUp(upstream(count, cap, meta));
    const found = await client.configuredPoints("s");
    expect(found.map(({ id }) => id)).toEqual(points(count).map(({ id }) => id));
    expect(client.calls).toBe(calls);
  });

  it.each<[string, Answer[], string]>([
    ["fewer than the total", [json({ items: points(9), pages: 1, total: 10 })], "incomplete_list"],
    ["no entry of the total", [json({ items: [], pages: null, total: 10 })], "incomplete_list"],
    ["a short page without pages", [json({ items: points(9), pages: null, total: 10 })], "incomplete_list"],
    [
      "an empty page in the middle",
      [json({ items: points(9), pages: 3 }), json({ items: [], pages: 3 })],
      "incomplete_list",
    ],
    [
      "the same page repeated up to the number of pages",
      [json({ items: points(5), pages: 2, total: 10 })],
      "incomplete_list",
    ],
    ["the same page without end", [json({ items: points(5), pages: 9 })], "incomplete_list"],
    ["the same page without end, and no total", [json({ items: points(100), per_page: 100 })], "incomplete_list"],
    ["the same page, announced as the only one", [json({ items: points(100), pages: 1 })], "incomplete_list"],
    [
      "a total that shrinks during the read",
      [json({ items: points(5), pages: 2, total: 10 }), json({ items: points(4, 5), pages: 2, total: 9 })],
      "incomplete_list",
    ],
    [
      "no end",
      [(url) => Response.json({ items: points(1, Number(url.searchParams.get("page"))), pages: 1e6 })],
      "page_limit",
    ],
    ["an entry without a name", [json({ items: [...points(2), { id: 7 }], pages: 1 })], "not_a_page"],
    ["an entry that is null", [json({ items: [null], pages: 1 })], "not_a_page"],
    ["another envelope", [json({ data: points(2), pagination: {} })], "not_a_page"],
    ["a bare array", [json(points(2))], "not_json"],
  ])("throws instead of returning a short list: %s", async (_, answers, kind) => {
    const { client } = setUp(...answers);
    const outcome = await client.points("s").catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(AceError);
    expect(outcome).toMatchObject({ kind });
  });

  it.each([
    [
      "a name",
      [
        { id: 1, name: "a" },
        { id: 2, name: "a" },
      ],
    ],
    [
      "an id",
      [
        { id: 1, name: "a" },
        { id: 1, name: "b" },
      ],
    ],
    [
      "both",
      [
        { id: 1, name: "a", address: "A" },
        { id: 1, name: "a", address: "B" },
      ],
    ],
  ])("keeps entries that share %s", async (_, items) => {
    const { client } = setUp(json({ items, pages: 1, total: 2 }));
    expect(await client.sites()).toMatchObject(items);
  });

  it("returns an entry of two pages once", async () => {
    const pages = [points(5), points(5, 4), []].map((items) => json({ items }));
    const { client } = setUp(...pages);
    expect((await client.points("s")).map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("a 404 after the last page ends the list; an earlier one throws", async () => {
    const { client } = setUp(json({ items: points(5) }), status(404));
    expect(await client.points("s")).toHaveLength(5);
    await expect(setUp(status(404)).client.points("s")).rejects.toMatchObject({ status: 404 });
    const short = setUp(json({ items: points(5), total: 9 }), status(404));
    await expect(short.client.points("s")).rejects.toMatchObject({ kind: "incomplete_list" });
  });

  it("retries only the page that failed", async () => {
    const answer = upstream(250, 100);
    const { client, requests } = setUp(answer, status(502), answer);
    expect(await client.points("s")).toHaveLength(250);
    expect(requests.map(({ url }) => url.searchParams.get("page"))).toEqual(["1", "2", "2", "3"]);
  });
});

describe("entries", () => {
  it("reads a point", async () => {
    const { client } = setUp(
      json({
        items: [
          {
            id: 31,
            name: "ses/x/8000:33-8033/analogValue/102",
            client: "ses",
            site: "x",
            kv_tags: { unit: "degF", floor: 2, broken: null },
            marker_tags: ["zone", 5, "temp"],
            bacnet_data: { object_name: "ZN-T", object_units: "property: unknown-property", object_index: 102 },
            collect_config: {},
            point_type: "bacnet",
            collect_enabled: true,
            collect_interval: 60,
            updated: "2025-10-01T00:00:00",
          },
        ],
        pages: 1,
        total: 1,
      }),
    );
    expect(await client.points("x")).toEqual([
      {
        id: 31,
        name: "ses/x/8000:33-8033/analogValue/102",
        pointType: "bacnet",
        collectEnabled: true,
        collectIntervalS: 60,
        kvTags: { unit: "degF", floor: "2" },
        markerTags: ["zone", "temp"],
        bacnetData: { object_name: "ZN-T", object_index: 102 },
        updatedAt: Date.UTC(2025, 9, 1),
      },
    ]);
  });

  it("accepts a point with only a usable name", async () => {
    const strange = { name: "p", id: "x", kv_tags: [], marker_tags: {}, bacnet_data: null, collect_interval: 0 };
    const { client } = setUp(json({ items: [strange, { name: "q" }], pages: 1, total: 2 }));
    const empty = { id: null, pointType: null, collectEnabled: null, collectIntervalS: null };
    const blank = { ...empty, kvTags: {}, markerTags: [], bacnetData: {}, updatedAt: null };
    expect(await client.points("x")).toEqual([
      { name: "p", ...blank },
      { name: "q", ...blank },
    ]);
  });

  it("reads a site", async () => {
    const site = { id: 1, name: "s", client: "ses", nice_name: "S", latitude: 40.1, longitude: null, settled: false };
    const { client } = setUp(json({ items: [{ ...site, address: null, geo_location: {} }], pages: 1, total: 1 }));
    expect(await client.sites()).toEqual([
      {
        id: 1,
        name: "s",
        client: "ses",
        niceName: "S",
        address: null,
        latitude: 40.1,
        longitude: null,
        settled: false,
      },
    ]);
  });
});
