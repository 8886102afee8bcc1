import type { SiteStore } from "../backfill/backfill-site.ts";
import type { InstanceState } from "../backfill/supervise.ts";
import { type AppointedMonth, appointMonth, endMonth, readAppointedMonth } from "../manifest/write-month-files.ts";
import { dueMonth, needOfMonth } from "./due-months.ts";
import { readSiteMonths } from "./site-months.ts";

/** The Workflow instances that build a site's months. */
export interface MonthInstances {
  find(appointed: AppointedMonth): Promise<InstanceState>;
  /** Starts an instance, unless it was started before. @throws if it neither was nor could be started */
  start(appointed: AppointedMonth): Promise<void>;
}

export interface MonthsContext extends SiteStore {
  readonly instances: MonthInstances;
  /** binding of the site's database, which distinguishes instances of sites with the same id in two databases */
  readonly database: string;
  /** whether the site keeps month files */
  readonly keepsFiles: boolean;
  /** epoch ms */
  readonly now: () => number;
}

/**
 * Assigns an instance to the site's first due month, unless one of its months has one. Safe to repeat, and to run
 * concurrently with itself and with instances: one call succeeds, an assigned instance is started once, and an
 * unassigned one writes nothing.
 * @returns the month whose instance was started; null: none
 * @throws the errors of D1, and those of Workflows
 */
export async function superviseMonths(context: MonthsContext): Promise<number | null> {
  const { db, site, instances, keepsFiles, now } = context;
  const current = await readAppointedMonth(db, site.id);
  if (current !== null) {
    const state = await instances.find(current);
    if (state.is !== "ended") return state.is === "alive" ? null : startMonth(instances, current);
    // It may have ended right after its last step.
    const isDone = needOfMonth({ ...(await readSiteMonths(db, site.id)), keepsFiles }, current.month) === "nothing";
    const reason = `its Workflow instance ended without a result: ${state.reason ?? "unknown reason"}`;
    await endMonth(db, site.id, current, isDone ? null : reason, now());
  }
  const month = dueMonth({ ...(await readSiteMonths(db, site.id)), keepsFiles, now: now() });
  if (month === null) return null;
  const instance = `month-${context.database}-${site.id}-${month}-${now()}`;
  const appointed = await appointMonth(db, site.id, { month, instance });
  // An instance that another call assigned is started by that call.
  return appointed?.instance === instance ? startMonth(instances, appointed) : null;
}

async function startMonth(instances: MonthInstances, appointed: AppointedMonth): Promise<number> {
  await instances.start(appointed);
  return appointed.month;
}
