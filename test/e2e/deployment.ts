import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FaultPlanInput } from "@building-vitals/ace-simulator/faults/fault-plan";
import type { ScrapeSource } from "@building-vitals/ace-simulator/scrape-source";
import { startServer } from "@building-vitals/ace-simulator/server";
import { createSimulator } from "@building-vitals/ace-simulator/simulator";
import { type LocalWorkers, startWorkers } from "@building-vitals/local/workers";
import { z } from "zod";
import { freePorts } from "./free-ports.ts";

const API_KEY = "test-key";
const ADMIN_TOKEN = "test-admin";

const siteSchema = z.object({
  site: z.string(),
  recordsFetched: z.int(),
  recordsInserted: z.int(),
  recordsUnchanged: z.int(),
  recordsFailed: z.int(),
  recordsRejected: z.record(z.string(), z.int()),
  apiCalls: z.int(),
  complete: z.boolean(),
  incompleteBecause: z.string().nullable(),
  watermark: z.string().nullable(),
  errors: z.array(z.object({ stage: z.string(), code: z.string(), message: z.string() })),
});
const triggerSchema = z.object({ syncId: z.string(), sites: z.array(siteSchema).min(1) });
export type SiteSync = z.infer<typeof siteSchema>;

const seriesSchema = z.object({
  point_name: z.string(),
  timestamps: z.array(z.number()),
  values: z.array(z.number()),
  min: z.array(z.number()).optional(),
  max: z.array(z.number()).optional(),
  count: z.array(z.number()).optional(),
});
const answerSchema = z.object({
  interval: z.string(),
  series: z.array(seriesSchema),
  metadata: z.object({
    total_samples: z.int(),
    missing: z.array(z.tuple([z.number(), z.number()])),
    completeness: z.number().nullable(),
    partial: z.boolean(),
    sources: z.array(z.string()),
  }),
});
export type Answer = z.infer<typeof answerSchema>;

/** The three Workers behind HTTP, on their own storage, and the simulated API that they read. */
export interface Deployment {
  /** address of the simulated API */
  readonly simulatorUrl: string;
  readonly urls: { readonly etl: string; readonly backfill: string; readonly query: string };
  readonly adminToken: string;
  /** folder of the Workers' storage */
  readonly stateDir: string;
  /** the storage that the Workers use */
  readonly workers: Pick<LocalWorkers, "readObject" | "listObjects" | "executeSql" | "runCron" | "urls">;
  /**
   * Sends a POST with the admin token.
   * @returns the answer's JSON
   * @throws Error unless the answer is 2xx
   */
  post(worker: "etl" | "backfill", path: string, body: unknown): Promise<unknown>;
  /** Fetches closed days from the API and settles them: `day`, or all that are due or not settled for good. */
  settle(day?: string): Promise<void>;
  /** Runs one sync of the only site. */
  trigger(): Promise<SiteSync>;
  /** Replaces the faults of the simulated API. */
  setFaults(faults: FaultPlanInput): Promise<void>;
  /**
   * Restarts the Workers on their storage with another clock, and moves the simulated API's clock.
   * @param to epoch ms
   */
  moveClock(to: number): Promise<void>;
  /** `GET /timeseries/query` */
  query(parameters: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

const settlingSchema = z.object({
  sites: z.array(z.object({ settling: z.object({ due: z.int(), building: z.string().nullable() }) })),
});

/** Runs the settling cron until no day is due. @throws Error after four minutes */
export async function settleDue(workers: Pick<LocalWorkers, "runCron" | "urls">): Promise<void> {
  for (const end = Date.now() + 240_000; Date.now() < end;) {
    await workers.runCron({ worker: "backfill", cron: "*/5 * * * *" });
    const { sites } = settlingSchema.parse(await (await fetch(`${workers.urls.etl}/status`)).json());
    if (sites.every(({ settling }) => settling.due === 0 && settling.building === null)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("there are days that were not settled within four minutes");
}

/**
 * Starts everything on free ports.
 * @param settings the Workers' settings by name
 * @param at the time that the clocks show, epoch ms
 */
export async function deploy(
  source: ScrapeSource,
  settings: Record<string, string>,
  faults?: FaultPlanInput,
  at: number = Date.now(),
): Promise<Deployment> {
  const [etl, backfill, query] = await freePorts(3);
  const stateDir = await mkdtemp(join(tmpdir(), "building-vitals-"));
  let clockOffsetMs = at - Date.now();
  const simulator = createSimulator({
    sources: [source],
    apiKey: API_KEY,
    now: () => Date.now() + clockOffsetMs,
    ...(faults === undefined ? {} : { faults }),
  });
  const server = await startServer({ simulator, port: 0 });
  const start = () =>
    startWorkers({
      stateDir,
      clockOffsetMs,
      ports: { etl: etl!, backfill: backfill!, query: query! },
      settings: {
        ACE_API_BASE_URL: `${server.url}/api`,
        ACE_API_KEY: API_KEY,
        ADMIN_TOKEN,
        SITES: JSON.stringify([{ name: source.site.name, timezone: "America/Los_Angeles" }]),
        REQUESTS_PER_MINUTE: "60000",
        ...settings,
      },
    });
  let workers = await start();
  const post = async (worker: "etl" | "backfill", path: string, body: unknown): Promise<unknown> => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${workers.urls[worker]}${path}`, init);
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return response.json();
  };
  return {
    urls: workers.urls,
    adminToken: ADMIN_TOKEN,
    stateDir,
    simulatorUrl: server.url,
    get workers() {
      return workers;
    },
    post,
    async settle(day) {
      await post("etl", "/settle", day === undefined ? {} : { day });
      await settleDue(workers);
    },
    async moveClock(to) {
      clockOffsetMs = to - Date.now();
      await workers.close();
      workers = await start();
    },
    async trigger() {
      return triggerSchema.parse(await post("etl", "/trigger", {})).sites[0]!;
    },
    async setFaults(plan) {
      const init = { method: "POST", body: JSON.stringify(plan) };
      const response = await fetch(`${server.url}/_simulator/faults`, init);
      if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    },
    async query(parameters) {
      const search = new URLSearchParams({ site_name: source.site.name, ...parameters });
      const headers =
        settings["QUERY_TOKEN"] === undefined ? {} : { authorization: `Bearer ${settings["QUERY_TOKEN"]}` };
      const response = await fetch(`${workers.urls.query}/timeseries/query?${search.toString()}`, { headers });
      if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
      return answerSchema.parse(await response.json());
    },
    async close() {
      await workers.close();
      await server.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** Triggers syncs until one is complete. @throws Error after `most` syncs */
export async function syncToThePresent(deployment: Deployment, most = 40): Promise<SiteSync[]> {
  const runs: SiteSync[] = [];
  while (runs.length < most) {
    const run = await deployment.trigger();
    runs.push(run);
    if (run.complete) return runs;
  }
  throw new Error(`not complete after ${most} syncs: ${JSON.stringify(runs.at(-1))}`);
}
