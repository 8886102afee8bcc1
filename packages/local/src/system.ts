import { resolve } from "node:path";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import { startServer } from "@building-vitals/ace-simulator/server";
import { createSimulator } from "@building-vitals/ace-simulator/simulator";
import { z } from "zod";
import { waitForHealth } from "./health.ts";
import { HOST, requireFreePorts } from "./ports.ts";
import type { LocalSettings } from "./settings.ts";
import { lockState } from "./state-lock.ts";
import { type LocalWorkers, startWorkers, WORKER_NAMES } from "./workers.ts";

/** The key of the embedded simulator; no secret, for it listens on the loopback address and invents its data. */
const SIMULATOR_KEY = "simulator-key";
const SIMULATOR_SEED = 1;

const sitesSchema = z.array(z.object({ name: z.string(), timezone: z.string() }));

export interface LocalSystem {
  readonly workers: LocalWorkers;
  /** address of the embedded simulator's API; null: the deployment's own API is used */
  readonly simulatorUrl: string | null;
  close(): Promise<void>;
}

/**
 * Starts the Workers, and the simulator where no ACE_API_BASE_URL is set.
 * @param say is told each stage, a line each
 * @throws Error for settings and ports that do not work
 */
export async function startSystem(settings: LocalSettings, say: (line: string) => void): Promise<LocalSystem> {
  const simulated = settings.ACE_API_BASE_URL === undefined;
  const { ETL_PORT, BACKFILL_PORT, QUERY_PORT, SIMULATOR_PORT } = settings;
  await requireFreePorts({ ETL_PORT, BACKFILL_PORT, QUERY_PORT, ...(simulated ? { SIMULATOR_PORT } : {}) });
  const stateDir = resolve(settings.STATE_DIR);
  const unlockState = lockState(stateDir);
  const simulator = simulated ? await startSimulator(settings) : null;
  if (simulator !== null) say(`simulator  an invented building behind the ACE API at ${simulator.url}/api`);
  // The simulator needs no rest between requests.
  const api =
    simulator === null
      ? {}
      : {
          ACE_API_BASE_URL: `${simulator.url}/api`,
          ACE_API_KEY: SIMULATOR_KEY,
          REQUESTS_PER_MINUTE: settings.environment["REQUESTS_PER_MINUTE"] ?? "60000",
        };
  const { environment, SITES, ADMIN_TOKEN, STATE_DIR } = settings;
  const workers = await startWorkers({
    stateDir,
    ports: { etl: ETL_PORT, backfill: BACKFILL_PORT, query: QUERY_PORT },
    settings: { ...environment, SITES, ADMIN_TOKEN, ...api },
    onLog: (_, line) => {
      // workerd looks its own host up at the start and says so when it is offline: no news for anybody.
      if (process.env["VERBOSE"] !== undefined) say(`log        ${line}`);
    },
  });
  say(`workers    ${WORKER_NAMES.join(", ")} run in workerd, state in ${STATE_DIR}`);
  const { migrated, woken } = workers;
  say(`database   ${migrated.length === 0 ? "its schema is up to date" : `migrated: ${migrated.join(", ")}`}`);
  if (woken > 0) say(`workflows  ${woken} of an earlier run go on`);
  await Promise.all(WORKER_NAMES.map((name) => requireHealth(name, workers.urls[name])));
  const close = async () => {
    await workers.close();
    await simulator?.close();
    unlockState();
  };
  return { workers, simulatorUrl: simulator === null ? null : simulator.url, close };
}

async function startSimulator(settings: LocalSettings): Promise<{ url: string; close(): Promise<void> }> {
  let given: unknown;
  try {
    given = JSON.parse(settings.SITES);
  } catch {
    throw new Error("SITES is not JSON: it is an array of objects with a name and a timezone.");
  }
  const sites = sitesSchema.safeParse(given);
  if (!sites.success) throw new Error("SITES must be a JSON array of objects with a name and a timezone.");
  const sources = sites.data.map(({ name, timezone }, i) =>
    createBuilding({ seed: SIMULATOR_SEED + i, site: name, timezone }),
  );
  const simulator = createSimulator({ sources, apiKey: SIMULATOR_KEY, now: Date.now });
  return startServer({ simulator, port: settings.SIMULATOR_PORT, host: HOST });
}

/** @throws Error with the checks that failed */
async function requireHealth(name: string, url: string): Promise<void> {
  const fault = await waitForHealth(url, null, 0, null);
  if (fault !== null) throw new Error(`The ${name} Worker is not well: ${fault}`);
}
