import { createBuilding } from "@building-vitals/ace-simulator/building";
import type { FaultPlanInput } from "@building-vitals/ace-simulator/faults/fault-plan";
import { createSimulator } from "@building-vitals/ace-simulator/simulator";
import { applyD1Migrations, createExecutionContext, type D1Migration, introspectWorkflow } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import worker from "../src/index.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
      ETL_STATE: KVNamespace;
      TIMESERIES: R2Bucket;
      BACKFILL: Workflow;
      /** set by vitest.config.ts */
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}

export const SITE = "ses_falls_city";
export const OTHER_SITE = "ses_omaha";
export const ADMIN_TOKEN = "the-admin-token";
const ACE_API_KEY = "the-upstream-key";

/** What a deployment sets beside the wrangler file; the Workflow gets its settings from the same environment. */
const SETTINGS = {
  ACE_API_BASE_URL: "https://ace.test/api",
  ACE_API_KEY,
  ADMIN_TOKEN,
  SITES: JSON.stringify([
    { name: SITE, timezone: "America/Chicago" },
    { name: OTHER_SITE, timezone: "America/Chicago" },
  ]),
  REQUESTS_PER_MINUTE: "60000",
};
for (const [name, value] of Object.entries(SETTINGS)) Reflect.set(env, name, value);

const TABLES = [
  "backfill_days",
  "backfill_jobs",
  "backfill_pace",
  "day_files",
  "point_days",
  "sample_hours",
  "hot_hours",
  "points",
  "sync_state",
  "sites",
];

export async function migrate(): Promise<void> {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
}

/** Empties D1, R2 and KV. */
export async function clear(): Promise<void> {
  await env.DB.batch(TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
  const { objects } = await env.TIMESERIES.list();
  if (objects.length > 0) await env.TIMESERIES.delete(objects.map((object) => object.key));
  for (const { name } of (await env.ETL_STATE.list()).keys) await env.ETL_STATE.delete(name);
}

/** A simulated upstream behind the address that the Worker and its Workflow fetch from. */
export interface Upstream {
  /** the start of each window that was asked for, ISO-8601, with its site */
  readonly windows: { readonly site: string; readonly start: string }[];
  /** may be replaced, to see or to change what is asked */
  intercept: (request: Request, answer: () => Promise<Response>) => Promise<Response>;
}

export function simulateUpstream(faults: FaultPlanInput = {}, points = 6): Upstream {
  const sources = [SITE, OTHER_SITE].map((site, seed) =>
    createBuilding({ seed: seed + 5, site, timezone: "America/Chicago", points, unconfiguredPoints: 1 }),
  );
  const simulator = createSimulator({ sources, apiKey: ACE_API_KEY, now: Date.now, faults });
  const upstream: Upstream = { windows: [], intercept: (_, answer) => answer() };
  vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const site = /^\/api\/sites\/([^/]+)\/timeseries\/paginated$/.exec(url.pathname)?.[1];
    const start = url.searchParams.get("start_time");
    if (site !== undefined && start !== null) upstream.windows.push({ site, start });
    return upstream.intercept(request, () => simulator.fetch(request));
  });
  return upstream;
}

/** Calls the Worker as the platform does. */
export async function call(
  method: string,
  path: string,
  options: { token?: string; body?: unknown; settings?: Record<string, unknown> } = {},
): Promise<Response> {
  const { token, body, settings = {} } = options;
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://backfill.test${path}`, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
  });
  return worker.fetch(request, { ...env, ...settings }, createExecutionContext());
}

/** Posts with the right token. */
export function post(path: string, body: unknown = {}): Promise<Response> {
  return call("POST", path, { token: ADMIN_TOKEN, body });
}

type StatusAnswer = Record<string, unknown> & { readonly status: string };

export async function status(): Promise<StatusAnswer> {
  return (await call("GET", "/backfill/status")).json<StatusAnswer>();
}

/** Watches the Workflow's instances, which retry without waiting; to be disposed of with `await using`. */
export async function watchWorkflow() {
  const introspector = await introspectWorkflow(env.BACKFILL);
  await introspector.modifyAll((modifier) => modifier.disableRetryDelays());
  return introspector;
}

/** Waits until the job has ended, and gives its status. */
export async function untilEnded(): Promise<StatusAnswer> {
  return vi.waitFor(
    async () => {
      const answer = await status();
      if (answer.status === "in_progress") throw new Error(`still in progress: ${JSON.stringify(answer)}`);
      return answer;
    },
    { timeout: 60_000, interval: 50 },
  );
}

interface DaysAnswer {
  readonly sites: {
    readonly site: string;
    readonly summary: Record<string, number>;
    readonly days: {
      readonly date: string;
      readonly state: string;
      readonly r2_path: string | null;
      readonly reason: string | null;
    }[];
  }[];
}

export async function days(from: string, to: string, site: string): Promise<DaysAnswer> {
  return (await call("GET", `/backfill/days?from=${from}&to=${to}&site=${site}`)).json<DaysAnswer>();
}

/** The keys of the bucket that begin so. */
export async function keys(prefix: string): Promise<string[]> {
  return (await env.TIMESERIES.list({ prefix })).objects.map((object) => object.key);
}

/** What KV holds under a key. */
export function state(key: string): Promise<Record<string, unknown> | null> {
  return env.ETL_STATE.get<Record<string, unknown>>(key, "json");
}
