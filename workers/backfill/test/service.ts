import { emptyDatabase } from "@building-vitals/core/test/database";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import type { FaultPlanInput } from "@building-vitals/ace-simulator/faults/fault-plan";
import { clientRequest } from "@building-vitals/core/test/client-request";
import {
  type SimulatedUpstream,
  simulateUpstreamOf,
  UPSTREAM_SETTINGS,
} from "@building-vitals/core/test/simulated-upstream";
import { createExecutionContext, introspectWorkflow } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import worker from "../src/index.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      BACKFILL: Workflow;
    }
  }
}

export const SITE = "ses_falls_city";
export const OTHER_SITE = "ses_omaha";
export const ADMIN_TOKEN = "the-admin-token-of-tests";

/** The settings of a deployment beside the wrangler file. The Workflow reads its settings from the same environment. */
const SETTINGS = {
  ...UPSTREAM_SETTINGS,
  ADMIN_TOKEN,
  SITES: JSON.stringify([
    { name: SITE, timezone: "America/Chicago" },
    { name: OTHER_SITE, timezone: "America/Chicago" },
  ]),
  REQUESTS_PER_MINUTE: "60000",
};
for (const [name, value] of Object.entries(SETTINGS)) Reflect.set(env, name, value);

/** Empties D1, R2 and KV. */
export async function clear(): Promise<void> {
  await emptyDatabase();
  const { objects } = await env.TIMESERIES.list();
  if (objects.length > 0) await env.TIMESERIES.delete(objects.map((object) => object.key));
  for (const { name } of (await env.ETL_STATE.list()).keys) await env.ETL_STATE.delete(name);
}

export function simulateUpstream(faults: FaultPlanInput = {}, points = 6): SimulatedUpstream {
  const sources = [SITE, OTHER_SITE].map((site, seed) =>
    createBuilding({ seed: seed + 5, site, timezone: "America/Chicago", points, unconfiguredPoints: 1 }),
  );
  return simulateUpstreamOf(sources, faults);
}

/** The requested windows of samples: site and start, ISO 8601. */
export function windowsOf({ asked }: SimulatedUpstream): { site: string; start: string }[] {
  return asked.flatMap(({ pathname, searchParams }) => {
    const site = /^\/api\/sites\/([^/]+)\/timeseries\/paginated$/.exec(pathname)?.[1];
    const start = searchParams.get("start_time");
    return site === undefined || start === null ? [] : [{ site, start }];
  });
}

/** Calls the Worker as the platform does. */
export async function call(
  method: string,
  path: string,
  options: { token?: string; body?: unknown; settings?: Record<string, unknown> } = {},
): Promise<Response> {
  const request = clientRequest(method, `https://backfill.test${path}`, options);
  return worker.fetch(request, { ...env, ...options.settings }, createExecutionContext());
}

/** Posts with the right token. */
export function post(path: string, body: unknown = {}): Promise<Response> {
  return call("POST", path, { token: ADMIN_TOKEN, body });
}

type StatusAnswer = Record<string, unknown> & { readonly status: string };

export async function status(): Promise<StatusAnswer> {
  return (await call("GET", "/backfill/status")).json<StatusAnswer>();
}

/** Watches the Workflow's instances, which retry without waiting. Dispose of it with `await using`. */
export async function watchWorkflow() {
  const introspector = await introspectWorkflow(env.BACKFILL);
  await introspector.modifyAll((modifier) => modifier.disableRetryDelays());
  return introspector;
}

/** Waits until the job has ended, and returns its status. */
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
      readonly job_outcome: string | null;
      readonly records: number;
      readonly r2_path: string | null;
      readonly reason: string | null;
    }[];
  }[];
}

export async function days(from: string, to: string, site: string): Promise<DaysAnswer> {
  return (await call("GET", `/backfill/days?from=${from}&to=${to}&site=${site}`)).json<DaysAnswer>();
}

/** The keys of the bucket with this prefix. */
export async function keys(prefix: string): Promise<string[]> {
  return (await env.TIMESERIES.list({ prefix })).objects.map((object) => object.key);
}

/** The JSON value of a KV key. */
export function state(key: string): Promise<Record<string, unknown> | null> {
  return env.ETL_STATE.get<Record<string, unknown>>(key, "json");
}

/** Waits until KV shows the job as completed, a step after the job has ended. */
export async function untilProjected(): Promise<void> {
  await vi.waitFor(
    async () => {
      const shown = JSON.stringify(await state("backfill:state"));
      if (!shown.includes('"status":"completed"')) throw new Error(`KV shows ${shown}`);
    },
    { timeout: 60_000, interval: 50 },
  );
}
