import { createBuilding } from "@building-vitals/ace-simulator/building";
import type { FaultPlanInput } from "@building-vitals/ace-simulator/faults/fault-plan";
import { clientRequest } from "@building-vitals/core/test/client-request";
import { simulateUpstreamOf, UPSTREAM_SETTINGS } from "@building-vitals/core/test/simulated-upstream";
import { createExecutionContext, createScheduledController, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import worker from "../src/index.ts";

export const SITE = "ses_falls_city";
export const ADMIN_TOKEN = "the-admin-token-of-tests";

/** The settings of a deployment. A test can override them. */
export const SETTINGS = {
  DB: env.DB,
  ETL_STATE: env.ETL_STATE,
  TIMESERIES: env.TIMESERIES,
  ...UPSTREAM_SETTINGS,
  ADMIN_TOKEN,
  SITES: JSON.stringify([{ name: SITE, timezone: "America/Chicago" }]),
  INITIAL_LOOKBACK_HOURS: "1",
};

/** Simulates a building at the API's address. @returns the requested addresses */
export function simulateUpstream(points = 12, faults: FaultPlanInput = {}): URL[] {
  const source = createBuilding({ seed: 5, site: SITE, timezone: "America/Chicago", points, unconfiguredPoints: 2 });
  return simulateUpstreamOf([source], faults).asked;
}

/** Calls the Worker as the platform does. */
export async function call(
  method: string,
  path: string,
  options: { token?: string; body?: unknown; settings?: Record<string, unknown> } = {},
): Promise<Response> {
  const request = clientRequest(method, `https://etl.test${path}`, options);
  const context = createExecutionContext();
  const response = await worker.fetch(request, { ...SETTINGS, ...options.settings }, context);
  await waitOnExecutionContext(context);
  return response;
}

/** Runs a cron as the platform does. */
export async function runCron(cron: string, settings: Record<string, unknown> = {}): Promise<void> {
  await worker.scheduled(createScheduledController({ cron, scheduledTime: Date.now() }), { ...SETTINGS, ...settings });
}

/** Settings with a second site, whose database does not answer. */
export const LOST_SITE = {
  SITES: JSON.stringify([
    { name: SITE, timezone: "America/Chicago" },
    { name: "ses_omaha", timezone: "America/Chicago", database: "DB_1" },
  ]),
  DB_1: {
    prepare() {
      throw new Error("D1_ERROR: this database is gone");
    },
  },
};
