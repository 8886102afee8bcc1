import { migratedDatabase } from "@building-vitals/core/test/database";
import { UPSTREAM_SETTINGS } from "@building-vitals/core/test/simulated-upstream";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { ADMIN_TOKEN, call, runCron } from "./service.ts";

/** What must never leave: both secrets, and what the upstream sends back of them. */
const SECRETS = [UPSTREAM_SETTINGS.ACE_API_KEY, ADMIN_TOKEN, "wrong-token-of-a-client"];

beforeAll(migratedDatabase);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Everything that a test's Worker prints. */
function captureConsole(): unknown[] {
  const printed: unknown[] = [];
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, method).mockImplementation((...parts: unknown[]) => void printed.push(...parts));
  }
  return printed;
}

/** A row of each table and each key of KV, as text. */
async function storedText(): Promise<string> {
  const tables = ["sync_runs", "sync_state", "quality_days", "sites", "points"];
  const results = await env.DB.batch(tables.map((table) => env.DB.prepare(`SELECT * FROM ${table}`)));
  const { keys } = await env.ETL_STATE.list();
  const values = await Promise.all(keys.map(({ name }) => env.ETL_STATE.get(name)));
  return JSON.stringify([results.map(({ results: rows }) => rows), keys, values]);
}

const quote = (request: Request) => `${request.url} ${JSON.stringify([...request.headers])}`;

it.each<[string, (request: Request) => Promise<Response>]>([
  [
    "errors that quote the request",
    async (request) => Promise.reject(new TypeError(`fetch failed: ${quote(request)}`)),
  ],
  ["a 500 that echoes the request", async (request) => new Response(quote(request), { status: 500 })],
  ["a 401 that echoes the request", async (request) => new Response(quote(request), { status: 401 })],
  ["a page that is none and echoes the request", async (request) => Response.json({ echo: quote(request) })],
  ["a body that is no JSON", async (request) => new Response(`{"echo": ${quote(request)}`)],
])("no secret is printed, answered or stored after %s", async (_, upstream) => {
  const printed = captureConsole();
  let asked = 0;
  vi.stubGlobal("setTimeout", (run: () => void, ms: number, ...rest: unknown[]) => {
    // waits between retries take no time; the limits of a call do
    if (ms < 30_000) queueMicrotask(run);
    return rest.length;
  });
  vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) => {
    asked++;
    return upstream(new Request(input, init));
  });
  const answers: string[] = [];
  const note = async (response: Response) => {
    answers.push(await response.text(), JSON.stringify([...response.headers]));
  };
  await note(await call("POST", "/trigger", { token: ADMIN_TOKEN }));
  await runCron("7 * * * *").catch((error: unknown) => printed.push(String(error)));
  await note(await call("POST", "/trigger", { token: "wrong-token-of-a-client" }));
  await note(await call("POST", "/trigger", { token: ADMIN_TOKEN, body: { site: ADMIN_TOKEN.length } }));
  for (const path of ["/status", "/stats", "/metrics", "/health", "/openapi.json"]) await note(await call("GET", path));
  await note(await call("GET", "/health", { settings: { SITES: `not JSON ${ADMIN_TOKEN}` } }));
  expect(asked).toBeGreaterThan(0);
  const texts = [
    ...answers,
    printed.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join("\n"),
  ];
  texts.push(await storedText());
  for (const secret of SECRETS) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
});
