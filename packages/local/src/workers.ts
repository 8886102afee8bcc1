import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as miniflareOptions } from "wrangler";
import { z } from "zod";
import { buildDashboard } from "./dashboard-build.ts";
import { applyMigrations } from "./migrations.ts";
import { parseJson } from "./parse-json.ts";
import { HOST } from "./ports.ts";
import { wakeWorkflows, type WorkflowBinding } from "./wake-workflows.ts";
import { bundleWorker } from "./worker-bundle.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export const WORKER_NAMES = ["etl", "backfill", "query"] as const;
export type WorkerName = (typeof WORKER_NAMES)[number];

/** The Workers that the query Worker's page reaches through it, under the names that they have here. */
const SERVICES: Readonly<Partial<Record<WorkerName, Record<string, WorkerName>>>> = {
  query: { ETL: "etl", BACKFILL: "backfill" },
};

/** Secrets and optional variables, which no wrangler file may or need hold. */
const UNLISTED_SETTINGS = ["ACE_API_KEY", "ADMIN_TOKEN", "QUERY_TOKEN"];

/** What is read of wrangler's options for Miniflare; all of them are handed on. */
const declaredSchema = z.object({
  bindings: z.record(z.string(), z.json()).default({}),
  cronTriggers: z.array(z.string()).default([]),
  d1Databases: z.record(z.string(), z.object({ id: z.string() })),
});
const sitesSchema = z.array(z.object({ database: z.string().optional() }));

/** A cron expression of a Worker's wrangler file. */
export interface WorkerCron {
  readonly worker: WorkerName;
  readonly cron: string;
}

export interface LocalWorkers {
  /** address of each Worker, without a trailing slash */
  readonly urls: Readonly<Record<WorkerName, string>>;
  /** migrations that were applied at this start */
  readonly migrated: readonly string[];
  /** Workflow instances that an earlier run left behind, and that go on */
  readonly woken: number;
  /** of all wrangler files */
  readonly crons: readonly WorkerCron[];
  /** Runs a Worker's scheduled handler. @throws Error when it fails */
  readonly runCron: (cron: WorkerCron) => Promise<void>;
  /** an object of the TIMESERIES bucket; null: there is none */
  readonly readObject: (key: string) => Promise<Uint8Array | null>;
  /** the keys of the TIMESERIES bucket that begin so */
  readonly listObjects: (prefix: string) => Promise<string[]>;
  /** runs statements, a line each, on the database */
  readonly executeSql: (sql: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface LocalWorkersOptions {
  /** where D1, R2 and KV are kept; one folder for the three, which share them */
  readonly stateDir: string;
  readonly ports: Readonly<Record<WorkerName, number>>;
  /** values for the Workers' variables and secrets, over those of the wrangler files */
  readonly settings: Readonly<Record<string, string>>;
  /** what a Worker prints, a line each */
  readonly onLog?: (worker: string, line: string) => void;
}

/**
 * Runs the three Workers in one workerd, as their wrangler files describe them, on shared local storage with the
 * schema applied; the dashboard is built first, for the query Worker serves it.
 */
export async function startWorkers(options: LocalWorkersOptions): Promise<LocalWorkers> {
  await buildDashboard();
  const configs = WORKER_NAMES.map((name) => {
    const { workerOptions, main } = miniflareOptions(join(ROOT, `wrangler.${name}.toml`));
    if (main === undefined) throw new Error(`wrangler.${name}.toml names no main module`);
    return { name, workerOptions, main, declared: declaredSchema.parse(workerOptions) };
  });
  const databases = databasesNamed(options.settings["SITES"]);
  const workers = await Promise.all(
    configs.map(async ({ name, workerOptions, main, declared }) => ({
      ...workerOptions,
      name,
      modules: [{ type: "ESModule" as const, path: `${name}.js`, contents: await bundleWorker(main) }],
      bindings: { ...declared.bindings, ...settingsFor(Object.keys(declared.bindings), options.settings) },
      d1Databases: { ...Object.fromEntries(databases.map((id) => [id, { id }])), ...declared.d1Databases },
      ...(SERVICES[name] === undefined ? {} : { serviceBindings: SERVICES[name] }),
      unsafeDirectSockets: [{ host: HOST, port: options.ports[name] }],
    })),
  );
  const miniflare = new Miniflare({
    ...convertV4MiniflareOptions({
      workers,
      host: HOST,
      port: 0,
      // Off: it would be fetched from the internet.
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: ({ message }) => options.onLog?.("workerd", message),
    }),
    resourcePersistencePath: options.stateDir,
  });
  await miniflare.ready;
  const database = await miniflare.getD1Database("DB", "etl");
  const migrated = await applyMigrations(database, join(ROOT, "migrations"));
  for (const binding of databases) {
    await applyMigrations(await miniflare.getD1Database(binding, "etl"), join(ROOT, "migrations"));
  }
  const { BACKFILL } = await miniflare.getBindings<{ BACKFILL: WorkflowBinding }>("backfill");
  const woken = await wakeWorkflows(database, BACKFILL);
  const urls = Object.fromEntries(WORKER_NAMES.map((name) => [name, `http://${HOST}:${options.ports[name]}`]));
  return {
    urls: { etl: urls["etl"]!, backfill: urls["backfill"]!, query: urls["query"]! },
    migrated,
    woken,
    crons: configs.flatMap(({ name, declared }) => declared.cronTriggers.map((cron) => ({ worker: name, cron }))),
    runCron: async ({ worker: name, cron }) => {
      const worker = await miniflare.getWorker(name);
      const { outcome } = await worker.scheduled({ cron, scheduledTime: new Date() });
      if (outcome !== "ok") throw new Error(`it ended with ${outcome}`);
    },
    readObject: async (key) => {
      const object = await (await miniflare.getR2Bucket("TIMESERIES", "backfill")).get(key);
      return object === null ? null : new Uint8Array(await object.arrayBuffer());
    },
    listObjects: async (prefix) => {
      const { objects } = await (await miniflare.getR2Bucket("TIMESERIES", "backfill")).list({ prefix });
      return objects.map((object) => object.key);
    },
    executeSql: async (sql) => {
      await database.exec(sql);
    },
    close: () => miniflare.dispose(),
  };
}

/** The databases beside DB that sites name. What is wrong with the setting the Workers say. */
function databasesNamed(sites: string | undefined): string[] {
  const named = sitesSchema.safeParse(sites === undefined ? [] : parseJson(sites)).data ?? [];
  return [...new Set(named.flatMap(({ database = "" }) => (/^DB_\d+$/.test(database) ? database : [])))].sort();
}

function settingsFor(declared: readonly string[], settings: Readonly<Record<string, string>>): Record<string, string> {
  const known = new Set([...declared, ...UNLISTED_SETTINGS]);
  return Object.fromEntries(Object.entries(settings).filter(([name]) => known.has(name)));
}
