import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { settle, clearCold } from "./settle-days.ts";
import { call, clear, migrate, point, problemOf, setWatermark, SITE, storePoints, timeseriesPath } from "./service.ts";

const DAY = Date.UTC(2025, 9, 12);

beforeAll(migrate);
beforeEach(async () => {
  await clear();
  await clearCold();
});

describe("CORS_ORIGINS", () => {
  const DASH = "https://dash.example.com";
  const cors = (response: Response) =>
    [...response.headers].filter(([name]) => name.startsWith("access-control-")).map(([name]) => name);

  test("unset: no CORS headers", async () => {
    expect(cors(await call("/sites", {}, { origin: DASH }))).toEqual([]);
  });

  test.each(["*", DASH, `https://other.example.com, ${DASH}`])(
    "%s: pages may read answers, errors and 304",
    async (CORS_ORIGINS) => {
      const ok = await call("/sites", { CORS_ORIGINS }, { origin: DASH });
      const allowed = CORS_ORIGINS === "*" ? "*" : DASH;
      expect(ok.headers.get("access-control-allow-origin")).toBe(allowed);
      expect(ok.headers.get("access-control-expose-headers")).toMatch(/ETag.*Server-Timing.*Content-Disposition/);
      expect(ok.headers.get("vary")).toBe(CORS_ORIGINS === "*" ? null : "Origin");
      const headers = { origin: DASH, "if-none-match": ok.headers.get("etag")! };
      for (const [path, status] of [
        ["/sites", 304],
        ["/nothing", 404],
        ["/sites?x=1", 400],
      ] as const) {
        const response = await call(path, { CORS_ORIGINS }, headers);
        expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([status, allowed]);
      }
      const refused = await call("/sites", { CORS_ORIGINS, QUERY_TOKEN: "sesame-of-the-tests" }, { origin: DASH });
      expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([401, allowed]);
    },
  );

  test("another origin gets no CORS headers", async () => {
    const response = await call("/sites", { CORS_ORIGINS: DASH }, { origin: "https://evil.example.com" });
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("a preflight needs no token and allows the dashboard's requests", async () => {
    const settings = { CORS_ORIGINS: DASH, QUERY_TOKEN: "sesame-of-the-tests" };
    const headers = {
      origin: DASH,
      "access-control-request-method": "GET",
      "access-control-request-headers": "authorization",
    };
    const response = await call("/timeseries/query", settings, headers, "OPTIONS");
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe(DASH);
    expect(response.headers.get("access-control-allow-headers")).toMatch(/Authorization.*If-None-Match/);
    expect(response.headers.get("access-control-allow-methods")).toBe("GET,HEAD,POST");
    const write = await call("/etl/trigger", settings, headers, "OPTIONS");
    expect(write.headers.get("access-control-allow-methods")).toBe("GET,HEAD");
  });

  test.each(["https://a.example.com/", "a.example.com", "https://a b"])(
    "%s is no valid origin",
    async (CORS_ORIGINS) => {
      vi.spyOn(console, "error").mockImplementation(() => {});
      expect(await problemOf(await call("/sites", { CORS_ORIGINS }))).toMatchObject({
        code: "settings_invalid",
        field: "CORS_ORIGINS",
      });
    },
  );
});

describe("methods", () => {
  test("HEAD answers like GET, without a body", async () => {
    const [get, head] = [await call("/sites"), await call("/sites", {}, {}, "HEAD")];
    expect([head.status, head.headers.get("etag"), await head.text()]).toEqual([200, get.headers.get("etag"), ""]);
  });

  test("other methods are refused with the allowed ones; OPTIONS lists them", async () => {
    for (const [path, method, allow] of [
      ["/sites", "POST", "GET, HEAD, OPTIONS"],
      [`/sites/${SITE}/points`, "POST", "GET, HEAD, OPTIONS"],
      ["/timeseries/query", "PUT", "GET, HEAD, POST, OPTIONS"],
    ] as const) {
      const response = await call(path, {}, {}, method);
      expect(response.headers.get("allow")).toBe(allow);
      expect(await problemOf(response)).toMatchObject({ status: 405, code: "method_not_allowed" });
      const options = await call(path, {}, {}, "OPTIONS");
      expect([options.status, options.headers.get("allow")]).toEqual([204, allow]);
    }
  });
});

test("every answer has the security headers", async () => {
  for (const path of ["/health", "/sites", "/nothing", "/docs", "/openapi.json"]) {
    const { headers } = await call(path);
    expect([headers.get("x-content-type-options"), headers.get("referrer-policy")]).toEqual(["nosniff", "no-referrer"]);
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
  }
});

describe("/docs", () => {
  test("lists every operation, loads nothing, runs only its own script", async () => {
    const response = await call("/docs", { QUERY_TOKEN: "sesame-of-the-tests" });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
    const html = await response.text();
    const document = await (await call("/openapi.json")).json<{ openapi: string; paths: Record<string, unknown> }>();
    expect(document.openapi).toBe("3.1.0");
    for (const path of Object.keys(document.paths)) expect(html).toContain(`<b>GET</b> ${path}</h2>`);
    expect(html).toContain("curl &#39;https://query.test/timeseries/query?site_name=SITE");
    expect(html).not.toMatch(/<(?:link|img|iframe)|src=|@import|url\(/);
    const nonce = /script-src 'nonce-([^']+)'/.exec(response.headers.get("content-security-policy")!)![1]!;
    expect(html.split(`nonce="${nonce}"`).length).toBe(3);
    expect(html.match(/<(?:script|style)\b/g)?.length).toBe(2);
  });
});

describe("limits", () => {
  afterEach(() => vi.useRealTimers());

  test("a query ends in time with a problem if R2 does not answer", async () => {
    const [id] = await storePoints(SITE, [point("a")]);
    await settle([[id!, DAY, 1]], new Map([[id!, "a"]]));
    await setWatermark(SITE, DAY + 1);
    const never = () => new Promise<never>(() => {});
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let asked = () => {};
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const hanging = { head: never, get: () => (asked(), never()) };
    const path = timeseriesPath({ site_name: SITE, point_names: "a", start_time: DAY, end_time: DAY + 60_000 });
    const answer = call(path, { TIMESERIES: hanging });
    await isAsked;
    vi.advanceTimersByTime(25_000);
    const problem = await problemOf(await answer);
    expect(problem).toMatchObject({ status: 503, code: "query_timeout" });
    expect(problem.detail).toContain("25 s");
  });

  test.each<[Record<string, string | number>, string, RegExp]>([
    [{ interval: "raw", end_time: DAY + 40 * 86_400_000 }, "span_too_long", /interval|days/],
    [{ interval: "1min", end_time: DAY + 400 * 86_400_000 }, "span_too_long", /1day|1hr|5min/],
  ])("%j is refused with a suggestion", async (more, code, suggestion) => {
    await storePoints(SITE, [point("a")]);
    const path = timeseriesPath({ site_name: SITE, point_names: "a", start_time: DAY, end_time: DAY + 1, ...more });
    const problem = await problemOf(await call(path));
    expect(problem.code).toBe(code);
    expect(problem.detail).toMatch(suggestion);
  });
});

test("incomplete settings of Cloudflare Access lock the Worker", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const half = { ACCESS_AUD: "tag" };
  expect(await problemOf(await call("/sites", half))).toMatchObject({
    code: "settings_invalid",
    field: "ACCESS_TEAM_DOMAIN",
  });
  expect((await call("/health", half)).status).toBe(503);
  const whole = { ACCESS_AUD: "tag", ACCESS_TEAM_DOMAIN: "example.cloudflareaccess.com" };
  expect((await call("/sites", whole)).status).toBe(401);
});
