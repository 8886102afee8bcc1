import { describe, expect, it } from "vitest";
import { AceError, type AceErrorKind } from "./ace-error.ts";
import { AdaptivePageSize } from "./adaptive-page-size.ts";
import { createAceClient } from "./client.ts";
import {
  type Answer,
  brokenOff,
  fakeClock,
  json,
  noConnection,
  scriptedFetch,
  status,
  text,
} from "../../test/scripted-fetch.ts";

const KEY = "secret-key.part-2_of.it";
const RANGE = { start: Date.UTC(2025, 9, 12, 14), end: Date.UTC(2025, 9, 12, 15, 0, 0, 250) };
const LAST_PAGE = { point_samples: [], next_cursor: null, has_more: false };
const EMPTY_LIST = { items: [], page: 1, pages: 0, per_page: 10_000, total: 0 };

function setUp(...answers: Answer[]) {
  const { fetch, requests } = scriptedFetch(...answers);
  const clock = fakeClock();
  const config = { baseUrl: "https://ace.test/api/", apiKey: KEY, fetch, random: () => 1 };
  return { client: createAceClient({ ...config, sleep: clock.sleep, now: clock.now }), requests, clock, config };
}

/** A 200 whose body arrives in these pieces. */
function chunks(...pieces: string[]): Response {
  const waiting = pieces.map((piece) => new TextEncoder().encode(piece));
  const body = new ReadableStream({
    pull(controller) {
      const next = waiting.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
  });
  return new Response(body);
}

async function failure(promise: Promise<unknown>): Promise<AceError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AceError)) throw new Error(`expected an AceError, got: ${String(error)}`);
  return error;
}

describe("requests", () => {
  it.each([
    ["sites", "/api/sites/?page=1&per_page=10000"],
    ["points", "/api/sites/ses%2Ffalls%20city/points?page=1&per_page=10000"],
    ["configuredPoints", "/api/sites/ses%2Ffalls%20city/configured_points?page=1&per_page=10000"],
  ] as const)("%s requests %s", async (method, target) => {
    const { client, requests } = setUp(json(EMPTY_LIST));
    await (method === "sites" ? client.sites() : client[method]("ses/falls city"));
    expect(requests.map(({ url }) => url.href)).toEqual([`https://ace.test${target}`]);
  });

  it("requests weather without a query", async () => {
    const { client, requests } = setUp(json({ weather: {} }));
    await client.weather("s");
    expect(requests[0]?.url.href).toBe("https://ace.test/api/sites/s/weather");
  });

  it("requests raw samples of a UTC range with an encoded cursor", async () => {
    const { client, requests } = setUp(json(LAST_PAGE));
    await client
      .timeseriesPages("s/1", RANGE, { cursor: "a+b/c==", pageSize: new AdaptivePageSize(5000, null, Date.now) })
      .next();
    const url = requests[0]?.url;
    expect(url?.pathname).toBe("/api/sites/s%2F1/timeseries/paginated");
    expect(url?.search).toContain("cursor=a%2Bb%2Fc%3D%3D");
    expect(Object.fromEntries(url?.searchParams ?? [])).toEqual({
      start_time: "2025-10-12T14:00:00.000Z",
      end_time: "2025-10-12T15:00:00.250Z",
      page_size: "5000",
      raw_data: "true",
      cursor: "a+b/c==",
    });
  });

  it("sends the key as a bearer token, and does not follow redirects", async () => {
    const { client, requests } = setUp(status(308, { location: "https://elsewhere.test/" }));
    expect(await failure(client.sites())).toMatchObject({ kind: "http", status: 308, retryable: false });
    expect(requests).toHaveLength(1);
    expect(new Headers(requests[0]?.init.headers).get("authorization")).toBe(`Bearer ${KEY}`);
    expect(requests[0]?.init.redirect).toBe("manual");
  });

  it("calls fetch as a plain function, as workerd requires", async () => {
    const receivers: unknown[] = [];
    async function fetch(this: unknown) {
      receivers.push(this);
      return Response.json(EMPTY_LIST);
    }
    const client = createAceClient({ baseUrl: "https://ace.test/api", apiKey: KEY, fetch });
    await client.sites();
    expect(receivers).toEqual([undefined]);
  });
});

describe("failures", () => {
  it.each<[string, Answer, AceErrorKind, number]>([
    ["400", status(400), "http", 1],
    ["401", status(401), "http", 1],
    ["403", status(403), "http", 1],
    ["429", status(429), "http", 4],
    ["500", status(500), "http", 4],
    ["204", status(204), "http", 1],
    ["a lost connection", noConnection(), "network", 4],
    ["a body that broke off", brokenOff('{"items":[{"na'), "broken_body", 4],
    ["a body cut short", text('{"items":[{"name":"a"}'), "broken_body", 4],
    ["an empty body", text(""), "broken_body", 4],
    ["a page of HTML", text("<html>busy</html>"), "not_json", 4],
    ["a web page with any first character", status(200, { "content-type": "text/html" }, "{}"), "not_json", 4],
    ["words", text("\n temporarily unavailable"), "not_json", 4],
    ["JSON other than an object", json([]), "not_json", 4],
    ["408", status(408), "http", 4],
    ["413", status(413), "http", 1],
    ["other JSON", json({ message: "no" }), "not_a_page", 1],
  ])("%s", async (_, answer, kind, calls) => {
    const { client, clock } = setUp(answer);
    const error = await failure(client.points("s"));
    expect(error.kind).toBe(kind);
    expect(client.calls).toBe(calls);
    expect(clock.waits).toEqual(calls === 4 ? [2000, 4000, 8000] : []);
  });

  it("honours Retry-After in seconds and as a date", async () => {
    const { client, clock } = setUp(
      status(429, { "retry-after": "7" }),
      status(503, { "retry-after": "Sun, 12 Oct 2025 15:00:30 GMT" }),
      json(EMPTY_LIST),
    );
    await client.sites();
    // the clock began at 15:00:00
    expect(clock.waits).toEqual([7000, 23_000]);
  });

  it("never waits past the deadline, and makes no call after it", async () => {
    const { client, clock } = setUp(status(503));
    expect(await failure(client.sites({ deadline: clock.now() + 5000 }))).toMatchObject({ kind: "http", status: 503 });
    expect(clock.waits).toEqual([2000]);
    expect(client.calls).toBe(2);
    expect(await failure(client.sites({ deadline: clock.now() }))).toMatchObject({ kind: "deadline" });
    expect(client.calls).toBe(2);
  });

  it.each<[string, Answer]>([
    ["an answer that never comes", () => new Promise<Response>(() => {})],
    ["a body that stalls", () => new Response(new ReadableStream({ start() {} }))],
  ])("times out on %s, even if fetch ignores the signal", async (_, answer) => {
    const { config } = setUp();
    const { fetch, requests } = scriptedFetch(answer);
    const client = createAceClient({ ...config, fetch, timeoutMs: 15, retries: 1, sleep: async () => {} });
    const error = await failure(client.sites());
    expect(error).toMatchObject({ kind: "timeout", retryable: true });
    expect(error.message).toContain("15 ms");
    expect(requests.map(({ init }) => init.signal?.aborted)).toEqual([true, true]);
  });

  it("a call begun before the deadline may take its full time", async () => {
    const { config, clock } = setUp();
    const late: Answer = async () => {
      clock.advance(20_000);
      return Response.json(EMPTY_LIST);
    };
    const client = createAceClient({ ...config, fetch: scriptedFetch(late).fetch, now: clock.now });
    expect(await client.sites({ deadline: clock.now() + 1 })).toEqual([]);
  });

  it("accepts a shorter timeout for one call", async () => {
    const { config } = setUp();
    const { fetch } = scriptedFetch(() => new Promise<Response>(() => {}));
    const client = createAceClient({ ...config, fetch, retries: 0 });
    expect((await failure(client.weather("s", { timeoutMs: 15 }))).message).toContain("15 ms");
  });

  it("stops reading a body at the limit, and does not retry", async () => {
    const endless = () => chunks('{"items":["', ...Array.from({ length: 20 }, () => "x".repeat(10_000)));
    const { config } = setUp();
    const { fetch, requests } = scriptedFetch(endless);
    const client = createAceClient({ ...config, fetch, maxBodyBytes: 50_000 });
    expect(await failure(client.points("s"))).toMatchObject({ kind: "body_too_large", retryable: false });
    expect(requests).toHaveLength(1);
  });

  it.each<[string, Answer]>([
    ["http", status(500, { "x-echo": KEY }, `bad key ${KEY}`)],
    ["network", noConnection(`Invalid header value: Bearer ${KEY} for https://ace.test/api?cursor=c0ffee`)],
    ["broken body", text(`not json ${KEY}`)],
    ["not a page", json({ [KEY]: KEY })],
  ])("reveals neither key, upstream text nor query: %s", async (_, answer) => {
    const { client } = setUp(answer);
    const error = await failure(client.timeseriesPages("s", RANGE, { cursor: "c0ffee" }).next());
    expect(error.message).toContain("/sites/s/timeseries/paginated");
    const said = [error.message, String(error), error.stack, JSON.stringify(error), String(error.cause)].join("\n");
    for (const secret of [KEY, "c0ffee", "bad key", "not json", "page_size", "ace.test"]) {
      expect(said).not.toContain(secret);
    }
  });

  it.each(["", "two words", "line\nbreak", "ключ"])("refuses the key %j without quoting it", (apiKey) => {
    const create = () => createAceClient({ baseUrl: "https://ace.test/api", apiKey });
    expect(create).toThrow(RangeError);
    expect(create).toThrow(/^the ACE API key must be visible ASCII characters$/);
  });
});

describe("metrics", () => {
  it("counts calls with retries, and their time without the waits", async () => {
    const slow =
      (ms: number, answer: Answer): Answer =>
      (url, init) => {
        clock.advance(ms);
        return answer(url, init);
      };
    const { client, clock } = setUp(slow(300, status(503)), slow(500, json(EMPTY_LIST)));
    expect(client.meanLatencyMs).toBe(0);
    await client.sites();
    expect(client.calls).toBe(2);
    expect(client.totalLatencyMs).toBe(800);
    expect(client.meanLatencyMs).toBe(400);
  });
});

it("refuses a body that quotes the key; a short key may be in a name", async () => {
  const quoting = {
    point_samples: [{ name: `Bearer ${KEY}`, value: "1", time: "2025-10-12T14:00:00" }],
    has_more: false,
  };
  const { client, requests, config } = setUp(json(quoting));
  const error = await failure(client.timeseriesPages("s", RANGE).next());
  expect(error).toMatchObject({ kind: "not_a_page", retryable: false });
  expect(error.message).toContain("quotes the API key");
  expect(error.message).not.toContain(KEY);
  expect(requests).toHaveLength(1);
  const { fetch } = scriptedFetch(json({ ...quoting, next_cursor: null }));
  const split: Answer = () => {
    const whole = JSON.stringify(quoting);
    const at = whole.indexOf(KEY) + 10;
    return chunks(whole.slice(0, at), whole.slice(at));
  };
  expect((await failure(setUp(split).client.timeseriesPages("s", RANGE).next())).message).toContain(
    "quotes the API key",
  );
  const short = createAceClient({ ...config, apiKey: "Bearer", fetch });
  expect((await short.timeseriesPages("s", RANGE).next()).done).toBe(false);
});
