import { createBuilding } from "@building-vitals/ace-simulator/building";
import { createSimulator } from "@building-vitals/ace-simulator/simulator";
import {
  applyD1Migrations,
  createExecutionContext,
  createScheduledController,
  type D1Migration,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import worker from "../src/index.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
      ETL_STATE: KVNamespace;
      TIMESERIES: R2Bucket;
      /** set by vitest.config.ts */
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}

export const SITE = "ses_falls_city";
export const ADMIN_TOKEN = "the-admin-token";
export const ACE_API_KEY = "the-upstream-key";
const BASE_URL = "https://ace.test/api";

/** The settings of a deployment; a test lays its own over them. */
const SETTINGS = {
  DB: env.DB,
  ETL_STATE: env.ETL_STATE,
  TIMESERIES: env.TIMESERIES,
  ACE_API_BASE_URL: BASE_URL,
  ACE_API_KEY,
  ADMIN_TOKEN,
  SITES: JSON.stringify([{ name: SITE, timezone: "America/Chicago" }]),
  INITIAL_LOOKBACK_HOURS: "1",
};

export async function migrate(): Promise<void> {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
}

/** Puts a simulated building behind the address that the Worker fetches from. @returns the addresses it asked for */
export function simulateUpstream(points = 12): string[] {
  const source = createBuilding({ seed: 5, site: SITE, timezone: "America/Chicago", points, unconfiguredPoints: 2 });
  const simulator = createSimulator({ sources: [source], apiKey: ACE_API_KEY, now: Date.now });
  const asked: string[] = [];
  vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    asked.push(new URL(request.url).pathname.replace("/api", ""));
    return simulator.fetch(request);
  });
  return asked;
}

/** Calls the Worker as the platform does. */
export async function call(
  method: string,
  path: string,
  options: { token?: string; body?: unknown; settings?: Record<string, unknown> } = {},
): Promise<Response> {
  const { token, body, settings = {} } = options;
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://etl.test${path}`, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
  });
  const context = createExecutionContext();
  const response = await worker.fetch(request, { ...SETTINGS, ...settings }, context);
  await waitOnExecutionContext(context);
  return response;
}

/** Runs a cron as the platform does. */
export async function runCron(cron: string, settings: Record<string, unknown> = {}): Promise<void> {
  await worker.scheduled(createScheduledController({ cron, scheduledTime: Date.now() }), { ...SETTINGS, ...settings });
}
