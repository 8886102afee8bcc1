import { compatibilityOf } from "@building-vitals/local/compatibility";
import { bundleWorker } from "@building-vitals/local/worker-bundle";
import { convertV4MiniflareOptions, type Json, Log, LogLevel, Miniflare } from "miniflare";

/** A Worker to be measured, and what it is bound to. */
export interface BenchWorker {
  /** its main module */
  readonly main: string;
  /** name of each binding of a D1 database */
  readonly databases: readonly string[];
  readonly bindings: Record<string, Json>;
  /** the class that BACKFILL is a Workflow of; absent: none */
  readonly workflow?: string;
}

/**
 * Runs a Worker alone in workerd, without the Cache API, which would answer in its place.
 * @param stateDir keeps what it stores
 */
export async function startWorkerd(bench: BenchWorker, stateDir: string): Promise<Miniflare> {
  const { main, databases, bindings, workflow } = bench;
  const worker = {
    name: "bench",
    modules: [{ type: "ESModule" as const, path: "bench.js", contents: await bundleWorker(main) }],
    ...compatibilityOf("query"),
    d1Databases: Object.fromEntries(databases.map((name) => [name, name.toLowerCase()] as const)),
    r2Buckets: ["TIMESERIES"],
    kvNamespaces: ["ETL_STATE"],
    ...(workflow === undefined ? {} : { workflows: { BACKFILL: { name: "backfill", className: workflow } } }),
    cacheAPI: false,
    // for isolate-memory.ts
    unsafeInspectorProxy: true,
    bindings,
  };
  const shared = { cf: false, inspectorPort: 0, telemetry: { enabled: false }, log: new Log(LogLevel.NONE) };
  const options = convertV4MiniflareOptions({ workers: [worker], ...shared });
  return new Miniflare({ ...options, resourcePersistencePath: stateDir });
}
