import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import worker from "../src/index.ts";
import { settle, clearCold, keyOf } from "./settle-days.ts";
import {
  clear,
  migrate,
  point,
  setWatermark,
  SITE,
  BINDINGS,
  storePoints,
  storeSamples,
  timeseriesPath,
} from "./service.ts";

const DAY_MS = 86_400_000;
const DAY = Date.UTC(2025, 9, 12);

let ids: number[];
beforeAll(migrate);
beforeEach(async () => {
  await clear();
  await clearCold();
  ids = await storePoints(SITE, [point("a", { intervalS: 3600 })]);
  await setWatermark(SITE, DAY + 3 * DAY_MS);
});

const path = (extra: Record<string, string | number> = {}) =>
  timeseriesPath({ site_name: SITE, point_names: "a", start_time: DAY, end_time: DAY + DAY_MS, ...extra });

/** Calls the Worker and waits for its work after the answer. */
async function call(address: string, settings: Record<string, unknown> = {}, headers: Record<string, string> = {}) {
  const context = createExecutionContext();
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://query.test${address}`, { headers });
  const response = await worker.fetch(request, { ...BINDINGS, ...settings }, context);
  const copy = response.clone();
  const text = await response.text();
  await waitOnExecutionContext(context);
  return { response: copy, text };
}
const isHit = async (address: string, settings?: Record<string, unknown>) => {
  const { text } = await call(address, settings);
  return /"cache_hit":(true|false)/.exec(text)?.[1] === "true";
};

test("a closed range comes from the cache until its day is rebuilt", async () => {
  await settle([[ids[0]!, DAY + 5, 1.5]], new Map([[ids[0]!, "a"]]));
  const first = await call(path({ interval: "raw" }));
  const second = await call(path({ interval: "raw" }));
  expect(second.text.replace('"cache_hit":true', '"cache_hit":false')).toBe(first.text);
  expect(second.text).not.toBe(first.text);
  for (const name of ["etag", "content-type", "cache-control"]) {
    expect(second.response.headers.get(name)).toBe(first.response.headers.get(name));
  }
  await settle([[ids[0]!, DAY + 5, 2.5]], new Map([[ids[0]!, "a"]]));
  const third = await call(path({ interval: "raw" }));
  expect(third.text).toContain('"cache_hit":false');
  expect(third.text).toContain("[2.5]");
  expect(await isHit(path({ interval: "raw" }))).toBe(true);
  await storeSamples([[ids[0]!, DAY + 6, 7]]);
  const late = await call(path({ interval: "raw" }));
  expect(late.text).toContain('"values":[2.5,7]');
  expect(late.text).toContain('"cache_hit":false');
});

test("cached csv keeps its headers; its metadata say cache_hit", async () => {
  await storeSamples([[ids[0]!, DAY + 7, 1]]);
  const first = await call(path({ format: "csv" }));
  const second = await call(path({ format: "csv" }));
  expect(second.text).toBe(first.text);
  const names = ({ response }: typeof first) => [...response.headers.keys()].sort();
  expect(names(second)).toEqual(names(first));
  expect(second.response.headers.get("content-disposition")).toBe(first.response.headers.get("content-disposition"));
  expect(first.response.headers.get("query-metadata")).toContain('"cache_hit":false');
  expect(second.response.headers.get("query-metadata")).toContain('"cache_hit":true');
});

test("a cached answer passes on no header that the cache added", async () => {
  const added = { age: "17", expires: "Thu, 01 Jan 2026 00:00:00 GMT", "cf-cache-status": "HIT", date: "x", vary: "x" };
  vi.spyOn(caches.default, "match").mockImplementationOnce(() =>
    Promise.resolve(new Response("{}", { headers: { "content-type": "application/json; charset=utf-8", ...added } })),
  );
  const { response, text } = await call(path());
  expect(text).toBe("{}");
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(Object.keys(added).filter((name) => response.headers.has(name))).toEqual([]);
});

test("open ranges, and ranges that ended within the hour, are computed anew", async () => {
  await storeSamples([[ids[0]!, DAY + 5, 1]]);
  const beyond = path({ end_time: DAY + 4 * DAY_MS });
  expect([await isHit(beyond), await isHit(beyond)]).toEqual([false, false]);
  expect((await call(beyond)).response.headers.get("cache-control")).toBe("public, no-cache");
  const now = Math.floor(Date.now() / 1000) * 1000;
  await setWatermark(SITE, now);
  const recent = path({ start_time: now - 7_200_000, end_time: now - 1_800_000 });
  expect([await isHit(recent), await isHit(recent)]).toEqual([false, false]);
});

test("a partial answer is cached neither here nor by the client", async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  await settle([[ids[0]!, DAY + 9, 1]], new Map([[ids[0]!, "a"]]));
  const failing = {
    TIMESERIES: {
      get: () => Promise.reject(new Error("get: down (10001)")),
      head: () => Promise.reject(new Error("down")),
    },
  };
  for (const round of [1, 2]) {
    const { response, text } = await call(path({ interval: "raw" }), failing);
    expect([round, text.includes('"partial":true'), text.includes('"cache_hit":false')]).toEqual([round, true, true]);
    expect([response.headers.get("etag"), response.headers.get("cache-control")]).toEqual([null, "no-store"]);
  }
  const { text } = await call(path({ interval: "raw" }));
  expect(text).toContain('"values":[1]');
  await env.TIMESERIES.delete(keyOf(DAY / DAY_MS));
});

test("a request without the token gets nothing from the cache", async () => {
  await storeSamples([[ids[0]!, DAY + 8, 1]]);
  const settings = { QUERY_TOKEN: "sesame-of-the-tests" };
  const token = { authorization: "Bearer sesame-of-the-tests" };
  const { response } = await call(path(), settings, token);
  expect(response.headers.get("cache-control")).toBe("private, max-age=30, must-revalidate");
  expect((await call(path(), settings, token)).text).toContain('"cache_hit":true');
  const etag = response.headers.get("etag")!;
  for (const headers of [{}, { authorization: "Bearer wrong" }, { "if-none-match": etag }]) {
    expect((await call(path(), settings, headers)).response.status).toBe(401);
  }
  const guess = `/.answers/${encodeURIComponent(etag)}`;
  expect((await call(guess, settings)).response.status).toBe(401);
  expect((await call(guess, settings, token)).response.status).toBe(404);
});

test("Server-Timing lists the waiting times", async () => {
  await settle([[ids[0]!, DAY + 10, 1]], new Map([[ids[0]!, "a"]]));
  const timing = async () => (await call(path({ interval: "raw" }))).response.headers.get("server-timing")!;
  const stages = (header: string) => header.split(", ").map((one) => /^([a-z0-9]+);dur=\d+$/.exec(one)?.[1]);
  expect(new Set(stages(await timing()))).toEqual(new Set(["catalog", "cache", "wait", "plan", "d1", "r2", "compute"]));
  expect(stages(await timing())).toEqual(["catalog", "cache"]);
});
