import { supervise } from "@building-vitals/core/backfill/supervise";
import { log } from "@building-vitals/core/telemetry/log";
import { beginNext } from "./begin-next.ts";
import { instancesOf } from "./engine-instances.ts";
import type { Settings } from "./env.ts";
import { projectProgress } from "./start.ts";

/**
 * Starts missing instances of the running backfill, and ends it when no day is left. If none runs, starts the next one
 * of the queue.
 */
export async function superviseBackfill(settings: Settings): Promise<void> {
  const { DB, ETL_STATE, BACKFILL } = settings;
  const done = await supervise(DB, instancesOf(BACKFILL), Date.now);
  if (done !== null) {
    const { backfillId, started, ended } = done;
    if (started.length > 0) log("backfill_revived", { backfillId, sites: started.join(", ") });
    if (!ended) return;
  }
  const next = await beginNext(settings);
  if (done !== null || next !== null) await projectProgress(DB, ETL_STATE);
}
