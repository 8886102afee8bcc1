import { resolve } from "node:path";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import { startServer } from "@building-vitals/ace-simulator/server";
import { createSimulator } from "@building-vitals/ace-simulator/simulator";
import { sitesSettingSchema } from "@building-vitals/core/domain/site";
import { waitForHealth } from "./health.ts";
import { HOST, requireFreePorts } from "./ports.ts";
import type { LocalSettings } from "./settings.ts";
import { lockState } from "./state-lock.ts";
import { WORKER_NAMES } from "./worker-names.ts";
import { checkWorkerSettings } from "./worker-settings.ts";
import { type LocalWorkers, startWorkers } from "./workers.ts";

/**
 * The key of the embedded simulator. It is no secret, because the simulator listens on the loopback address and
 * generates its data.
 */
const SIMULATOR_KEY = "simulator-key";
const SIMULATOR_SEED = 1;

export interface LocalSystem {
  readonly workers: LocalWorkers;
  /** address of the embedded simulator's API; null: the deployment's own API is used */
  readonly simulatorUrl: string | null;
  close(): Promise<void>;
}

/**
 * Starts the Workers, and the simulator if ACE_API_BASE_URL is not set.
 * @param say receives each stage, one line each
 * @throws Error for invalid settings and ports
 */
export async function startSystem(settings: LocalSettings, say: (line: string) => void): Promise<LocalSystem> {
  const simulated = settings.ACE_API_BASE_URL === undefined;
  const { ETL_PORT, BACKFILL_PORT, QUERY_PORT, SIMULATOR_PORT } = settings;
  const workerSettings = workerSettingsOf(settings);
  await checkWorkerSettings(workerSettings);
  const stateDir = resolve(settings.STATE_DIR);
  const unlockState = await lockState(stateDir);
  await requireFreePorts({ ETL_PORT, BACKFILL_PORT, QUERY_PORT, ...(simulated ? { SIMULATOR_PORT } : {}) });
  const simulator = simulated ? await startSimulator(settings) : null;
  if (simulator !== null) say(`simulator  an invented building behind the ACE API at ${simulator.url}/api`);
  const workers = await startWorkers({
    stateDir,
    ports: { etl: ETL_PORT, backfill: BACKFILL_PORT, query: QUERY_PORT },
    settings: workerSettings,
    clockOffsetMs: settings.CLOCK_OFFSET_SECONDS * 1000,
    onLog: (_, line) => {
      // At its start workerd looks up its own host, and reports a failure when offline, which is irrelevant here.
      if (process.env["VERBOSE"] !== undefined) say(`log        ${line}`);
    },
  });
  say(`workers    ${WORKER_NAMES.join(", ")} run in workerd, state in ${settings.STATE_DIR}`);
  const { migrated, woken } = workers;
  say(`database   ${migrated.length === 0 ? "its schema is up to date" : `migrated: ${migrated.join(", ")}`}`);
  if (woken > 0) say(`workflows  ${woken} of an earlier run continue`);
  await Promise.all(WORKER_NAMES.map((name) => requireHealth(name, workers.urls[name])));
  const close = async () => {
    await workers.close();
    await simulator?.close();
    await unlockState();
  };
  return { workers, simulatorUrl: simulator === null ? null : simulator.url, close };
}

/** Values for the Workers beside their wrangler files. */
function workerSettingsOf(settings: LocalSettings): Record<string, string> {
  const { environment, SITES, ADMIN_TOKEN, SIMULATOR_PORT } = settings;
  const given = { ...environment, SITES, ADMIN_TOKEN };
  if (settings.ACE_API_BASE_URL !== undefined) return given;
  const api = { ACE_API_BASE_URL: `http://${HOST}:${SIMULATOR_PORT}/api`, ACE_API_KEY: SIMULATOR_KEY };
  // the simulator needs no pause between requests
  return { REQUESTS_PER_MINUTE: "60000", ...given, ...api };
}

/** @throws Error if the port is taken */
async function startSimulator(settings: LocalSettings): Promise<{ url: string; close(): Promise<void> }> {
  const sources = sitesSettingSchema
    .parse(settings.SITES)
    .map(({ name, timezone }, i) =>
      createBuilding({ seed: SIMULATOR_SEED + i, site: name, timezone, points: settings.SIMULATOR_POINTS }),
    );
  // this process's clock is shifted like the Workers' clocks
  const simulator = createSimulator({ sources, apiKey: SIMULATOR_KEY, now: () => Date.now() });
  return startServer({ simulator, port: settings.SIMULATOR_PORT });
}

/** @throws Error with the checks that failed */
async function requireHealth(name: string, url: string): Promise<void> {
  const fault = await waitForHealth(url, null, 0, null);
  if (fault !== null) throw new Error(`The ${name} Worker is not healthy: ${fault}`);
}
