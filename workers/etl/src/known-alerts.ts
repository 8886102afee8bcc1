import type { AlertState } from "@building-vitals/core/alerts/alert";
import { readAlerts } from "@building-vitals/core/alerts/store";
import { logError } from "@building-vitals/core/telemetry/log";
import type { Settings } from "./env.ts";

/** Alerts of every level; null: the main database, which stores them, does not answer. */
export async function readKnownAlerts({ DB, SITES }: Settings): Promise<AlertState[] | null> {
  const names = SITES.map(({ name }) => name);
  try {
    return await readAlerts(DB, names);
  } catch (error) {
    logError("alerts_unknown", error);
    return null;
  }
}
