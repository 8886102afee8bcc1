import { interceptedDatabase } from "@building-vitals/core/d1/intercepted-database";
import { migratedDatabase } from "@building-vitals/core/test/database";
import { interceptedBucket } from "@building-vitals/core/test/intercepted-bucket";
import { Outlets, PLANTED, quoted, WEBHOOK_URL } from "@building-vitals/core/test/planted-secrets";
import { UPSTREAM_SETTINGS } from "@building-vitals/core/test/simulated-upstream";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { call, runCron, SITE, simulateUpstream } from "./service.ts";

const { ACE_API_KEY, ADMIN_TOKEN, GUESS } = PLANTED;
/** an alert fires at once: the database is larger than 1% of 1 MB */
const SETTINGS = { ACE_API_KEY, ADMIN_TOKEN, ALERT_WEBHOOK_URL: WEBHOOK_URL, D1_MAX_MB: "1", ALERT_D1_PERCENT: "1" };
const CRONS = ["*/5 * * * *", "6 * * * *", "21 3 * * *"];
const DAY = "2025-10-12";

/** A well-formed answer to any request. Its rows quote the request in each text. */
function quotingAnswer(request: Request): unknown {
  const text = quoted(request);
  const rows = [
    { name: text, value: text, time: text },
    { name: "ses/x", value: text, time: "2025-10-12T00:00:00" },
  ];
  const list = { items: [{ id: 1, name: text, site: SITE, collect_enabled: true }], page: 1, pages: 1, total: 1 };
  return { point_samples: rows, next_cursor: null, has_more: false, ...list, text };
}

let out: Outlets;
beforeAll(migratedDatabase);
beforeEach(() => {
  out = new Outlets();
  out.watchConsole();
  vi.stubGlobal("setTimeout", (run: () => void, ms: number, ...rest: unknown[]) => {
    // no wait between retries; the timeouts of requests stay
    if (ms < 30_000) queueMicrotask(run);
    return rest.length;
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Runs all crons and calls every route with the right token, a wrong one and none. @returns answers by status */
async function useAll(settings: Record<string, unknown> = {}): Promise<Set<number>> {
  const statuses = new Set<number>();
  const given = { settings: { ...SETTINGS, ...settings } };
  const ask = async (method: string, path: string, options: object = {}) => {
    const answer = await call(method, path, { ...given, ...options }).catch((error: unknown) => out.note(path, error));
    if (answer !== undefined) statuses.add(await out.noteAnswer(`${method} ${path}`, answer));
  };
  for (const cron of CRONS) {
    await runCron(cron, given.settings).catch((error: unknown) => out.note(`cron ${cron}`, error));
  }
  const posts: [string, unknown][] = [
    ["/trigger", {}],
    ["/settle", { day: DAY }],
    ["/rebuild", {}],
    ["/rollups/rebuild", { start_date: DAY, end_date: DAY }],
    ["/dead-letters/replay", {}],
    ["/dead-letters/drop", { ids: [ADMIN_TOKEN] }],
  ];
  for (const token of [ADMIN_TOKEN, GUESS, undefined]) {
    for (const [path, body] of posts) {
      await ask("POST", path, { ...(token === undefined ? {} : { token }), body });
    }
    await ask("GET", "/dead-letters", token === undefined ? {} : { token });
  }
  await ask("POST", "/trigger", { token: ADMIN_TOKEN, body: { site: 1, [SITE]: 1 } });
  for (const path of ["/", "/status", "/stats", "/metrics", "/health", "/docs", "/openapi.json", "/nothing"])
    await ask("GET", path);
  await ask("GET", "/health", { settings: { ...SETTINGS, SITES: `not JSON ${ADMIN_TOKEN}` } });
  await ask("GET", "/health", { settings: { ...SETTINGS, ALERT_WEBHOOK_URL: `no address ${PLANTED.WEBHOOK_PATH}` } });
  await ask("POST", "/trigger", {
    token: ADMIN_TOKEN,
    settings: { ...SETTINGS, ACE_API_BASE_URL: `ftp:${ACE_API_KEY}` },
  });
  return statuses;
}

async function expectNoLeak(): Promise<void> {
  await out.noteStored(env);
  expect(out.count).toBeGreaterThan(100);
  expect(out.leaks()).toEqual([]);
}

it.each<[string, (request: Request) => Promise<Response>]>([
  ["errors that quote the request", async (request) => Promise.reject(new TypeError(`fetch: ${quoted(request)}`))],
  [
    "errors whose cause quotes it",
    async (request) => Promise.reject(new TypeError("fetch failed", { cause: new Error(quoted(request)) })),
  ],
  ["a 500 that echoes the request", async (request) => new Response(quoted(request), { status: 500 })],
  ["a 401 that echoes the request", async (request) => new Response(quoted(request), { status: 401 })],
  [
    "a 429 that echoes it in its headers",
    async (request) => {
      return new Response(null, {
        status: 429,
        headers: { "retry-after": request.headers.get("authorization") ?? "" },
      });
    },
  ],
  ["an invalid page that echoes the request", async (request) => Response.json({ echo: quoted(request) })],
  ["pages and lists whose records quote the request", async (request) => Response.json(quotingAnswer(request))],
  ["a body that is no JSON", async (request) => new Response(`{"echo": ${quoted(request)}`)],
  [
    "a redirect that would reveal the key",
    async (request) => {
      return Response.redirect(`https://elsewhere.test/?key=${request.headers.get("authorization") ?? ""}`, 302);
    },
  ],
])("no secret is logged, answered or stored after %s", async (_, upstream) => {
  let asked = 0;
  vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) => {
    asked++;
    return upstream(new Request(input, init));
  });
  const statuses = await useAll();
  expect(asked).toBeGreaterThanOrEqual(3);
  expect([...statuses]).toEqual(expect.arrayContaining([200, 401]));
  await expectNoLeak();
});

it.each([
  ["D1", () => ({ DB: interceptedDatabase(env.DB, () => Promise.reject(new Error("D1_ERROR: no such table: x"))) })],
  [
    "D1, now and then",
    () => {
      let calls = 0;
      const fail = () => Promise.reject(new Error("D1_ERROR: Network connection lost."));
      return { DB: interceptedDatabase(env.DB, (execute) => (calls++ % 3 === 2 ? fail() : execute())) };
    },
  ],
  [
    "R2",
    () => ({ TIMESERIES: interceptedBucket(env.TIMESERIES, () => Promise.reject(new Error("get: failed (10001)"))) }),
  ],
])("no secret is logged, answered or stored if %s fails", async (_, failing) => {
  // the API accepts the planted key, and the webhook answers
  simulateUpstream();
  const { fetch: simulated } = globalThis;
  vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    if (request.url === WEBHOOK_URL) return Promise.resolve(new Response("ok"));
    expect(request.headers.get("authorization")).toBe(`Bearer ${ACE_API_KEY}`);
    request.headers.set("authorization", `Bearer ${UPSTREAM_SETTINGS.ACE_API_KEY}`);
    return simulated(request);
  });
  await useAll(failing());
  await expectNoLeak();
});

it("finds a secret, or a part of one, in the output", () => {
  out.note("here", { detail: `part: ${ADMIN_TOKEN.slice(3, 20)}` });
  out.note("there", new Error("outer", { cause: new Error(WEBHOOK_URL) }));
  out.note("encoded", `Basic ${btoa(`u:${ACE_API_KEY}`)}`);
  out.note("nowhere", ADMIN_TOKEN.slice(0, 11));
  expect(out.leaks().map((leak) => leak.split(":")[0])).toEqual(["here", "there", "encoded"]);
});
