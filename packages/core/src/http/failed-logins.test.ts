import { Hono } from "hono";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clientOf } from "./failed-logins.ts";
import { onError } from "./problem-response.ts";
import { requireAccess } from "./require-access.ts";

interface Env {
  LIMITER: RateLimit | undefined;
}

const app = new Hono<{ Bindings: Env }>();
app.onError(onError);
app.use(requireAccess<Env>((env) => ({ token: "right", application: null, limiter: env.LIMITER }), "ADMIN_TOKEN"));
app.get("/", (context) => context.text("in"));

async function ask(ip: string, token: string | null, limiter?: RateLimit): Promise<Response> {
  const headers = { "cf-connecting-ip": ip, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  return app.request("/", { headers }, { LIMITER: limiter });
}

async function statuses(ip: string, token: string | null, times: number, limiter?: RateLimit): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < times; i++) seen.push((await ask(ip, token, limiter)).status);
  return seen;
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2025, 9, 12), toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const unauthorized = (times: number) => Array.from({ length: times }, () => 401);

test("ten wrong tokens block all tokens of this client for a minute", async () => {
  expect(await statuses("192.0.2.1", "wrong", 10)).toEqual(unauthorized(10));
  for (const token of ["wrong", "right", null]) {
    const refused = await ask("192.0.2.1", token);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("60");
    expect(await refused.json()).toMatchObject({ code: "too_many_attempts", status: 429 });
  }
  expect((await ask("192.0.2.2", "right")).status).toBe(200);
  vi.setSystemTime(Date.now() + 59_999);
  expect((await ask("192.0.2.1", "right")).status).toBe(429);
  vi.setSystemTime(Date.now() + 1);
  expect((await ask("192.0.2.1", "right")).status).toBe(200);
});

test("failures a minute apart, and requests without a token, do not add up", async () => {
  expect(await statuses("192.0.2.3", "wrong", 9)).toEqual(unauthorized(9));
  vi.setSystemTime(Date.now() + 60_000);
  expect(await statuses("192.0.2.3", "wrong", 9)).toEqual(unauthorized(9));
  expect(await statuses("192.0.2.4", null, 30)).toEqual(unauthorized(30));
  expect((await ask("192.0.2.3", "right")).status).toBe(200);
});

test("the deployment's limiter blocks at once, and counts failures only", async () => {
  const keys: string[] = [];
  const limiter: RateLimit = {
    limit: async ({ key }) => {
      keys.push(key);
      return { success: keys.length < 3 };
    },
  };
  expect(await statuses("192.0.2.5", "right", 2, limiter)).toEqual([200, 200]);
  expect(await statuses("192.0.2.5", "wrong", 4, limiter)).toEqual([401, 401, 429, 429]);
  expect((await ask("192.0.2.5", "right", limiter)).status).toBe(429);
  expect(keys).toEqual(["192.0.2.5", "192.0.2.5", "192.0.2.5"]);
});

test.each([
  ["203.0.113.9", "203.0.113.9"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["2001:DB8:0:0:1:2:3:4", "2001:db8:0:0"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["::1", "0:0:0:0"],
  ["", null],
  [undefined, null],
])("%s is counted as %s", (address, client) => {
  expect(clientOf({ header: () => address })).toBe(client);
});
