import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { builtWorkers } from "./built-workers.ts";
import { namedCrons, type WorkerCron } from "./crons.ts";
import { localModules } from "./local-modules.ts";
import { applyMigrations } from "./migrations.ts";
import { HOST, LOOPBACK_NAMES } from "./ports.ts";
import { STORAGE_FOLDER } from "./storage-folder.ts";
import { wakeWorkflows, type WorkflowBinding } from "./wake-workflows.ts";
import { WORKER_NAMES, type WorkerName } from "./worker-names.ts";
import { databasesNamed, variablesOf } from "./worker-settings.ts";

/** The Workers that the query Worker's page reaches through it, by their binding. */
const SERVICES: Readonly<Partial<Record<WorkerName, Record<string, WorkerName>>>> = {
  query: { ETL: "etl", BACKFILL: "backfill" },
};

export interface LocalWorkers {
  /** address of each Worker, without a trailing slash */
  readonly urls: Readonly<Record<WorkerName, string>>;
  /** migrations that were applied at this start */
  readonly migrated: readonly string[];
  /** resumed Workflow instances of an earlier run */
  readonly woken: number;
  /** crons of all wrangler files */
  readonly crons: readonly WorkerCron[];
  /** Runs a Worker's scheduled handler. @throws Error if it fails */
  readonly runCron: (cron: WorkerCron) => Promise<void>;
  /** an object of the TIMESERIES bucket; null: no such object */
  readonly readObject: (key: string) => Promise<Uint8Array | null>;
  /** the keys of the TIMESERIES bucket with this prefix */
  readonly listObjects: (prefix: string) => Promise<string[]>;
  /** runs SQL on the database, one statement per line */
  readonly executeSql: (sql: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface LocalWorkersOptions {
  /** the folder of D1, R2 and KV, which the three Workers share */
  readonly stateDir: string;
  readonly ports: Readonly<Record<WorkerName, number>>;
  /** values for the Workers' variables and secrets; they override the wrangler files */
  readonly settings: Readonly<Record<string, string>>;
  /** added to the Workers' current time, ms (default 0) */
  readonly clockOffsetMs?: number;
  /** receives each line that a Worker prints */
  readonly onLog?: (worker: string, line: string) => void;
}

/**
 * Runs the three Workers in one workerd, by their wrangler files, on shared local storage with the current schema.
 * Builds the dashboard first, because the query Worker serves it.
 */
export async function startWorkers(options: LocalWorkersOptions): Promise<LocalWorkers> {
  const built = await builtWorkers();
  const { ports, settings, stateDir, clockOffsetMs = 0 } = options;
  const configs = WORKER_NAMES.map((name) => ({ name, ...built.files[name] }));
  const hosts = Object.values(ports).flatMap((port) => LOOPBACK_NAMES.map((name) => `${name}:${port}`));
  const databases = databasesNamed(settings["SITES"]);
  const workers = configs.map(({ name, workerOptions, declared }) => ({
    ...workerOptions,
    name,
    modules: localModules(
      built.modules[name],
      built.door,
      { hosts, crons: namedCrons(name, declared.cronTriggers) },
      clockOffsetMs,
    ),
    bindings: variablesOf(name, declared.bindings, settings),
    d1Databases: { ...Object.fromEntries(databases.map((id) => [id, { id }])), ...declared.d1Databases },
    ...(SERVICES[name] === undefined ? {} : { serviceBindings: SERVICES[name] }),
    unsafeDirectSockets: [{ host: HOST, port: ports[name] }],
  }));
  const miniflare = new Miniflare({
    ...convertV4MiniflareOptions({
      workers,
      host: HOST,
      port: 0,
      // Off, because Miniflare would fetch it from the internet.
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: ({ message }) => options.onLog?.("workerd", message),
    }),
    resourcePersistencePath: join(stateDir, STORAGE_FOLDER),
  });
  await miniflare.ready;
  const database = await miniflare.getD1Database("DB", "etl");
  const migrated = await applyMigrations(database, built.migrations);
  for (const binding of databases) {
    await applyMigrations(await miniflare.getD1Database(binding, "etl"), built.migrations);
  }
  const { BACKFILL } = await miniflare.getBindings<{ BACKFILL: WorkflowBinding }>("backfill");
  const woken = await wakeWorkflows(database, BACKFILL);
  const urls = Object.fromEntries(WORKER_NAMES.map((name) => [name, `http://${HOST}:${ports[name]}`]));
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
