import type { SiteStore } from "../backfill/backfill-site.ts";
import type { InstanceState } from "../backfill/supervise.ts";
import {
  type AppointedDay,
  appointDay,
  planDays,
  readAppointed,
  readSettleDays,
  recordSettleRun,
} from "../store/settle-days.ts";
import { afterRun, planSettling } from "./due-days.ts";
import { readSettlingState } from "./site-days.ts";

/** The Workflow instances that settle days of a site. */
export interface SettleInstances {
  find(appointed: AppointedDay): Promise<InstanceState>;
  /** Starts an instance unless it was started before. @throws if it could not be started */
  start(appointed: AppointedDay): Promise<void>;
}

export interface SettlingContext extends SiteStore {
  readonly instances: SettleInstances;
  /** the binding of the site's database; keeps instances apart whose sites have the same id in two databases */
  readonly database: string;
  /** the setting SETTLE_DAYS: days after a day's end, ascending */
  readonly offsets: readonly number[];
  /** epoch ms */
  readonly now: () => number;
}

/**
 * Starts an instance for the first due day of a site that is not paused, unless the site has an instance. Safe to
 * repeat, and to run beside itself and instances:
 * - of concurrent calls one appoints an instance
 * - any call may start the appointed instance, which is started once
 * - a replaced instance does nothing
 * @returns the day whose instance was started; null: none
 * @throws errors of D1 and of the engine
 */
export async function superviseSettling(context: SettlingContext): Promise<number | null> {
  const { db, site, instances, offsets, now } = context;
  const current = await readAppointed(db, site.id);
  if (current !== null) {
    const state = await instances.find(current);
    if (state.is !== "ended") return state.is === "alive" ? null : startDay(instances, current);
    await noteEnded(context, current, state.reason);
  }
  const days = { ...(await readSettlingState(db, site.id)), offsets, now: now() };
  const { writes, due } = planSettling(days);
  await planDays(db, site.id, writes);
  if (due === null) return null;
  const at = now();
  const instance = `settle-${context.database}-${site.id}-${due}-${at}`;
  const appointed = await appointDay(db, site.id, { day: due, instance }, at);
  // the call that appointed it also starts it
  return appointed?.instance === instance ? startDay(instances, appointed) : null;
}

async function startDay(instances: SettleInstances, appointed: AppointedDay): Promise<number> {
  await instances.start(appointed);
  return appointed.day;
}

/** An instance without a recorded result was terminated, or failed outside its day. */
async function noteEnded({ db, site, offsets, now }: SettlingContext, ended: AppointedDay, why: string | null) {
  const [row] = await readSettleDays(db, site.id, ended.day, ended.day + 1);
  if (row === undefined) return;
  const reason = `its Workflow instance ended without a result: ${why ?? "unknown reason"}`;
  const at = now();
  const run = { outcome: "failed" as const, reason, startedAt: at, endedAt: at };
  await recordSettleRun(db, site.id, ended, afterRun(offsets, row, run));
}
