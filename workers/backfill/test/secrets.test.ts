import { interceptedDatabase } from "@building-vitals/core/d1/intercepted-database";
import { migratedDatabase } from "@building-vitals/core/test/database";
import { interceptedBucket } from "@building-vitals/core/test/intercepted-bucket";
import { Outlets, PLANTED, quoted } from "@building-vitals/core/test/planted-secrets";
import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import worker from "../src/index.ts";
import { call, clear, SITE, status, untilEnded, watchWorkflow } from "./service.ts";

const { ACE_API_KEY, ADMIN_TOKEN, GUESS } = PLANTED;
const DAY = "2025-10-12";
const RANGE = { start_date: DAY, end_date: DAY, sites: [SITE] };

let out: Outlets;
// The Workflow reads its settings from the environment, which other test files share.
const setSecrets = (secrets: object) => {
  for (const [name, value] of Object.entries(secrets)) Reflect.set(env, name, value);
};
const before = { ACE_API_KEY: Reflect.get(env, "ACE_API_KEY"), ADMIN_TOKEN: Reflect.get(env, "ADMIN_TOKEN") };
beforeAll(async () => {
  await migratedDatabase();
  setSecrets({ ACE_API_KEY, ADMIN_TOKEN });
});
afterAll(() => setSecrets(before));
beforeEach(async () => {
  await clear();
  out = new Outlets();
  out.watchConsole();
  const { setTimeout: real } = globalThis;
  // no wait between retries; the timeouts of requests stay
  vi.stubGlobal("setTimeout", (run: () => void, ms: number) => real(run, ms >= 1_000 && ms < 30_000 ? 0 : ms));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Calls every route with the right token, a wrong one and none. */
async function askAll(settings: Record<string, unknown> = {}): Promise<Set<number>> {
  const statuses = new Set<number>();
  const ask = async (method: string, path: string, options: object = {}) => {
    const answer = await call(method, path, { settings, ...options }).catch((error: unknown) => out.note(path, error));
    if (answer !== undefined) statuses.add(await out.noteAnswer(`${method} ${path}`, answer));
  };
  const posts: [string, unknown][] = [
    ["/backfill/plan", RANGE],
    ["/backfill/start", RANGE],
    ["/backfill/retry-failed", {}],
    ["/backfill/import-to-d1", { site: SITE, start_date: DAY, end_date: DAY }],
    ["/backfill/cancel", { [GUESS]: 1 }],
    ["/backfill/cancel", {}],
  ];
  for (const token of [ADMIN_TOKEN, GUESS, undefined]) {
    for (const [path, body] of posts) await ask("POST", path, { ...(token === undefined ? {} : { token }), body });
  }
  const days = `/backfill/days?from=${DAY}&to=${DAY}&site=${SITE}`;
  for (const path of ["/backfill/status", days, "/health", "/openapi.json", "/nothing"]) await ask("GET", path);
  await ask("GET", "/health", { settings: { ...settings, SITES: `not JSON ${ADMIN_TOKEN}` } });
  await ask("POST", "/backfill/plan", { token: ADMIN_TOKEN, settings: { ...settings, ACE_API_BASE_URL: ACE_API_KEY } });
  const cron = createScheduledController({ cron: "*/5 * * * *", scheduledTime: Date.now() });
  await worker.scheduled(cron, { ...env, ...settings }).catch((error: unknown) => out.note("cron", error));
  return statuses;
}

async function expectNoLeak(): Promise<void> {
  await out.noteStored(env);
  expect(out.count).toBeGreaterThan(50);
  expect(out.leaks()).toEqual([]);
}

it.each<[string, (request: Request) => Promise<Response>]>([
  ["errors that quote the request", async (request) => Promise.reject(new TypeError(`fetch: ${quoted(request)}`))],
  ["a 401 that echoes the request", async (request) => new Response(quoted(request), { status: 401 })],
  ["an invalid page that echoes the request", async (request) => Response.json({ echo: quoted(request) })],
  [
    "records that quote the request",
    async (request) => {
      const text = quoted(request);
      const rows = [{ name: text, value: "1", time: `${DAY}T00:00:00` }];
      const list = { items: [{ id: 1, name: text }], page: 1, pages: 1, total: 1 };
      return Response.json({ point_samples: rows, next_cursor: null, has_more: false, ...list });
    },
  ],
])(
  "no secret is logged, answered or stored if the API gives %s",
  async (...[, upstream]) => {
    let asked = 0;
    vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) => {
      asked++;
      return upstream(new Request(input, init));
    });
    await using _ = await watchWorkflow();
    const started = await call("POST", "/backfill/start", { token: ADMIN_TOKEN, body: RANGE });
    expect(await out.noteAnswer("start", started)).toBe(202);
    expect(await untilEnded()).toMatchObject({ days_failed: 1 });
    expect(asked).toBeGreaterThan(0);
    out.note("status", await status());
    // before the next requests start anything
    await out.noteStored(env);
    const statuses = await askAll();
    expect([...statuses]).toEqual(expect.arrayContaining([200, 401]));
    await expectNoLeak();
  },
  60_000,
);

it.each([
  ["D1", () => ({ DB: interceptedDatabase(env.DB, () => Promise.reject(new Error("D1_ERROR: no such table: x"))) })],
  [
    "R2",
    () => ({ TIMESERIES: interceptedBucket(env.TIMESERIES, () => Promise.reject(new Error("get: failed (10001)"))) }),
  ],
])(
  "no secret is logged, answered or stored if %s fails",
  async (...[, failing]) => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed")));
    await using _ = await watchWorkflow();
    expect((await askAll(failing())).size).toBeGreaterThan(2);
    await expectNoLeak();
  },
  60_000,
);
