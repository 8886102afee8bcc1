import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { dayOf } from "@building-vitals/core/domain/day";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import worker from "../src/index.ts";
import { settle, clearCold, keyOf, manifestRow } from "./settle-days.ts";
import {
  call,
  clear,
  migrate,
  OTHER_SITE,
  point,
  problemOf,
  type Sample,
  SITE,
  siteId,
  BINDINGS,
  storePoints,
} from "./service.ts";

const START = Date.UTC(2025, 9, 12);
const PATH = `/sites/${SITE}/days/2025-10-12.parquet`;

beforeAll(migrate);

let bytes = new Uint8Array();
let etag = "";
beforeEach(async () => {
  await clear();
  await clearCold();
  const [a, b] = await storePoints(SITE, [point("a"), point("b")]);
  const samples = [a!, b!].flatMap((id) =>
    Array.from({ length: 500 }, (_, i): Sample => [id, START + i * 60_000, i / 3]),
  );
  await settle(samples, new Map([a!, b!].map((id, i) => [id, "ab"[i]!])));
  const object = await env.TIMESERIES.get(keyOf(dayOf(START)));
  bytes = new Uint8Array(await object!.arrayBuffer());
  etag = object!.httpEtag;
});

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

test("the whole file, byte for byte", async () => {
  const response = await call(PATH);
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "application/vnd.apache.parquet",
    "content-length": String(bytes.length),
    "content-disposition": expect.stringContaining('filename="falls_city_2025-10-12.parquet"'),
    "accept-ranges": "bytes",
    etag,
  });
  expect(await bytesOf(response)).toEqual(bytes);
});

test("HEAD: the headers alone, without a request to R2", async () => {
  const TIMESERIES = { get: () => Promise.reject(new Error("asked")) };
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://query.test${PATH}`, { method: "HEAD" });
  const settings = { ...BINDINGS, TIMESERIES };
  const response = await worker.fetch(request, settings, createExecutionContext());
  expect([response.status, response.headers.get("etag")]).toEqual([200, etag]);
  expect([response.headers.get("content-length"), await response.text()]).toEqual([String(bytes.length), ""]);
});

test.each([
  ["bytes=0-3", 0, 4],
  ["bytes=4-", 4, undefined],
  ["bytes=-8", -8, undefined],
  ["bytes=10-999999", 10, undefined],
] as const)("%s", async (range, from, to) => {
  const response = await call(PATH, {}, { range });
  const expected = bytes.slice(from, to);
  expect(response.status).toBe(206);
  expect(await bytesOf(response)).toEqual(expected);
  const first = from < 0 ? bytes.length + from : from;
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-range": `bytes ${first}-${first + expected.length - 1}/${bytes.length}`,
    "content-length": String(expected.length),
    etag,
  });
});

test("a range beyond the end of the file is 416", async () => {
  const response = await call(PATH, {}, { range: `bytes=${bytes.length}-` });
  expect(response.headers.get("content-range")).toBe(`bytes */${bytes.length}`);
  const problem = await problemOf(response);
  expect(problem).toMatchObject({ status: 416, code: "range_not_satisfiable" });
});

test("a range of another version of the file: the whole file", async () => {
  expect((await call(PATH, {}, { range: "bytes=0-3", "if-range": etag })).status).toBe(206);
  const response = await call(PATH, {}, { range: "bytes=0-3", "if-range": '"other"' });
  expect([response.status, (await bytesOf(response)).length]).toEqual([200, bytes.length]);
});

test("if-none-match: 304 without a request to R2", async () => {
  const response = await call(
    PATH,
    { TIMESERIES: { get: () => Promise.reject(new Error("asked")) } },
    {
      "if-none-match": etag,
    },
  );
  expect([response.status, await response.text(), response.headers.get("etag")]).toEqual([304, "", etag]);
  expect((await call(PATH, {}, { "if-none-match": '"other"' })).status).toBe(200);
});

describe("not found", () => {
  test.each([
    ["2025-10-13.parquet", /not been settled/],
    ["2025-02-30.parquet", /YYYY-MM-DD/],
    ["2025-10-12.csv", /YYYY-MM-DD/],
    ["latest.parquet", /YYYY-MM-DD/],
  ])("%s", async (name, detail) => {
    const problem = await problemOf(await call(`/sites/${SITE}/days/${name}`));
    expect(problem).toMatchObject({ status: 404, code: "not_found", detail: expect.stringMatching(detail) });
  });

  test("a confirmed-empty day", async () => {
    await env.DB.prepare(
      "INSERT INTO day_files (site_id, day, state, updated_at) VALUES (?1, ?2, 'confirmed-empty', 0)",
    )
      .bind(await siteId(SITE), dayOf(START) + 1)
      .run();
    const problem = await problemOf(await call(`/sites/${SITE}/days/2025-10-13.parquet`));
    expect(problem.detail).toMatch(/the API has no samples of it/);
  });

  test("another site, and an unknown one", async () => {
    const other = await problemOf(await call(`/sites/${encodeURIComponent(OTHER_SITE)}/days/2025-10-12.parquet`));
    expect(other).toMatchObject({ code: "not_found" });
    expect(await problemOf(await call("/sites/nowhere/days/2025-10-12.parquet"))).toMatchObject({
      code: "unknown_site",
    });
  });
});

describe("a file that differs from the manifest is not served", () => {
  test("a suspect day", async () => {
    await env.DB.prepare("UPDATE day_files SET state = 'suspect'").run();
    expect(await problemOf(await call(PATH))).toMatchObject({ status: 409, code: "suspect_day" });
  });

  test.each([
    ["gone", () => env.TIMESERIES.delete(keyOf(dayOf(START)))],
    ["another one", () => env.TIMESERIES.put(keyOf(dayOf(START)), "foreign")],
  ])("%s: refused, and the day becomes suspect", async (_what, change) => {
    await change();
    expect(await problemOf(await call(PATH))).toMatchObject({ status: 409, code: "suspect_day" });
    expect(await manifestRow(dayOf(START))).toMatchObject({ state: "suspect" });
  });

  describe("damage under the manifest's etag", () => {
    const flipped = (at: number) => () => bytes.map((byte, i) => (i === bytes.length + at ? byte ^ 16 : byte));
    test.each<[string, () => Uint8Array]>([
      ["in the footer's metadata", flipped(-20)],
      ["in the length of the footer", flipped(-7)],
      ["in the magic bytes at its end", flipped(-1)],
      ["shorter by its second half", () => bytes.slice(0, bytes.length / 2)],
      ["one byte shorter", () => bytes.slice(0, -1)],
      ["one byte longer", () => Uint8Array.of(...bytes, 0)],
    ])("%s: refused, whole and by ranges, and the day becomes suspect", async (_what, damage) => {
      const put = await env.TIMESERIES.put(keyOf(dayOf(START)), damage());
      for (const headers of [{}, { range: "bytes=0-3" }, { range: `bytes=${bytes.length - 4}-${bytes.length - 2}` }]) {
        await env.DB.prepare("UPDATE day_files SET state = 'written', etag = ?1").bind(put!.etag).run();
        expect(await problemOf(await call(PATH, {}, headers))).toMatchObject({ status: 409, code: "suspect_day" });
        expect(await manifestRow(dayOf(START))).toMatchObject({ state: "suspect" });
      }
    });

    test("a valid footer with a row count other than the manifest's", async () => {
      await env.DB.prepare("UPDATE day_files SET rows = rows + 1").run();
      expect(await problemOf(await call(PATH))).toMatchObject({ code: "suspect_day" });
      expect(await manifestRow(dayOf(START))).toMatchObject({ reason: expect.stringContaining("counts 1000 rows") });
    });
  });

  test("ranges of one file check its footer once", async () => {
    await env.DB.prepare("UPDATE day_files SET updated_at = 1").run();
    let requests = 0;
    const TIMESERIES = {
      get: (...asked: Parameters<R2Bucket["get"]>) => (requests++, env.TIMESERIES.get(...asked)),
    };
    for (let i = 0; i < 3; i++) await (await call(PATH, { TIMESERIES }, { range: "bytes=0-3" })).body?.cancel();
    expect(requests).toBeLessThanOrEqual(4);
    await (await call(PATH, { TIMESERIES })).body?.cancel();
    expect(requests).toBeLessThanOrEqual(6);
  });

  test("a file that a build has not published yet: 503, not suspect", async () => {
    await env.TIMESERIES.put(keyOf(dayOf(START)), "next", { customMetadata: { sha256: "ab" } });
    await env.DB.prepare("UPDATE day_files SET pending = '{\"ab\":2}'").run();
    expect(await problemOf(await call(PATH))).toMatchObject({ status: 503, code: "cold_unavailable" });
    expect(await manifestRow(dayOf(START))).toMatchObject({ state: "written" });
  });
});

test("R2 fails: 503, and the day does not become suspect", async () => {
  const TIMESERIES = { get: () => Promise.reject(new Error("get: Internal error (10001)")) };
  expect(await problemOf(await call(PATH, { TIMESERIES }))).toMatchObject({ status: 503, code: "cold_unavailable" });
  expect(await manifestRow(dayOf(START))).toMatchObject({ state: "written" });
});

test("QUERY_TOKEN protects day files too", async () => {
  expect((await call(PATH, { QUERY_TOKEN: "the-token-of-tests" })).status).toBe(401);
  expect(
    (await call(PATH, { QUERY_TOKEN: "the-token-of-tests" }, { authorization: "Bearer the-token-of-tests" })).status,
  ).toBe(200);
});
