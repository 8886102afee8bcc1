import { supervise } from "@building-vitals/core/backfill/supervise";
import { log } from "@building-vitals/core/telemetry/log";
import { instancesOf } from "./engine-instances.ts";
import type { Settings } from "./env.ts";
import { projectProgress } from "./start.ts";

/** Starts whatever the backfill that runs lacks, and ends it where nothing is left to do. */
export async function superviseBackfill({ DB, ETL_STATE, BACKFILL }: Settings): Promise<void> {
  const done = await supervise(DB, instancesOf(BACKFILL), Date.now);
  if (done === null) return;
  const { backfillId, started, ended } = done;
  if (started.length > 0) log("backfill_revived", { backfillId, sites: started.join(", ") });
  if (ended) await projectProgress(DB, ETL_STATE);
}
