import type { SiteStore } from "../backfill/backfill-site.ts";
import type { InstanceState } from "../backfill/supervise.ts";
import { type AppointedMonth, appointMonth, endMonth, readAppointedMonth } from "../manifest/write-month-files.ts";
import { dueMonth, needOfMonth } from "./due-months.ts";
import { readSiteMonths } from "./site-months.ts";

/** The durable engine's instances that build months of a site. */
export interface MonthInstances {
  find(appointed: AppointedMonth): Promise<InstanceState>;
  /** Starts an instance, unless it was started before. @throws when it neither was nor could be started */
  start(appointed: AppointedMonth): Promise<void>;
}

export interface MonthsContext extends SiteStore {
  readonly instances: MonthInstances;
  /** the binding of the site's database: it tells instances of sites apart that have the same id in two databases */
  readonly database: string;
  /** whether the site keeps month files */
  readonly keepsFiles: boolean;
  /** epoch ms */
  readonly now: () => number;
}

/**
 * Makes sure that the first due month of a site has an instance, unless one of its months has. Safe to repeat, and to run beside itself and
 * beside instances: of all who appoint one succeeds, an appointed instance may be started by anybody and is started once, and one that is
 * not appointed any more writes nothing.
 * @returns the month whose instance was started; null: none was
 * @throws the errors of D1, and those of the engine
 */
export async function superviseMonths(context: MonthsContext): Promise<number | null> {
  const { db, site, instances, keepsFiles, now } = context;
  const current = await readAppointedMonth(db, site.id);
  if (current !== null) {
    const state = await instances.find(current);
    if (state.is !== "ended") return state.is === "alive" ? null : startMonth(instances, current);
    // It may have ended behind the last of its work.
    const isDone = needOfMonth({ ...(await readSiteMonths(db, site.id)), keepsFiles }, current.month) === "nothing";
    const reason = `its Workflow instance ended without a result: ${state.reason ?? "for no known reason"}`;
    await endMonth(db, site.id, current, isDone ? null : reason, now());
  }
  const month = dueMonth({ ...(await readSiteMonths(db, site.id)), keepsFiles, now: now() });
  if (month === null) return null;
  const instance = `month-${context.database}-${site.id}-${month}-${now()}`;
  const appointed = await appointMonth(db, site.id, { month, instance });
  // one that somebody else appointed is theirs to start
  return appointed?.instance === instance ? startMonth(instances, appointed) : null;
}

async function startMonth(instances: MonthInstances, appointed: AppointedMonth): Promise<number> {
  await instances.start(appointed);
  return appointed.month;
}
