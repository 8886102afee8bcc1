import type { BackfillSite } from "./backfill-site.ts";
import { appointNext, type InstanceTicket, type SiteWork, sitesAtWork } from "./instance-store.ts";
import { failJob, finishJob, type Job, readRunningJob } from "./job-store.ts";

/** An instance of the engine, and its parameters. */
export interface NewInstance extends InstanceTicket {
  /** build anew over objects that are not what was written */
  readonly replaceSuspect: boolean;
}

/**
 * The engine's state of an instance. `alive`: it continues by itself; `ended`: it does not, and its id is used up;
 * `absent`: the engine does not know it.
 */
export type InstanceState =
  | { readonly is: "alive" | "absent" }
  /** why; null: nobody says */
  | { readonly is: "ended"; readonly reason: string | null };

/** The durable engine's instances. */
export interface Instances {
  find(instance: InstanceTicket): Promise<InstanceState>;
  /** Starts an instance, unless it was started before. @throws when it neither was nor could be started */
  start(instance: NewInstance): Promise<void>;
}

/** How many instances in a row may end without having dealt with a day: at one every five minutes, an hour's. */
export const MAX_CONSECUTIVE_FAILURES = 12;

/** What is to be done about a site of a running job that has days left. */
type RecoveryAction =
  /** nothing: its instance goes on */
  | "leave"
  /** the process that appointed the instance died before starting it */
  | "start"
  /** its instance ended before its time, or there was none: another one goes on */
  | "appoint"
  /** instance after instance ends on the same day */
  | "give up";

export function recoveryFor({ number, consecutiveFailures }: SiteWork, state: InstanceState): RecoveryAction {
  if (number === null) return "appoint";
  switch (state.is) {
    case "alive":
      return "leave";
    case "absent":
      return "start";
    case "ended":
      return consecutiveFailures + 1 >= MAX_CONSECUTIVE_FAILURES ? "give up" : "appoint";
  }
}

/** What a pass of the supervisor did. */
interface Supervision {
  readonly backfillId: string;
  /** sites whose instance was started */
  readonly started: readonly string[];
  /** whether it ended the job, which had nothing left to do, or nothing that can be done */
  readonly ended: boolean;
}

/**
 * Makes sure that the running job has an instance for each site with remaining days, even if a process died before
 * starting one, and that a job without such sites ends. Nothing else starts a job. Safe to repeat, and to run beside
 * itself, instances that pass on to the next, and a cancel: of several that appoint an instance one succeeds; any
 * process may start an appointed instance, and it starts once; an instance that is no longer appointed does nothing.
 * @param now epoch ms
 * @returns null if no job runs
 * @throws the errors of D1, and those of the engine if an instance could not be started
 */
export async function supervise(db: D1Database, instances: Instances, now: () => number): Promise<Supervision | null> {
  const job = await readRunningJob(db);
  if (job === null) return null;
  const { backfillId } = job;
  const work = await sitesAtWork(db, backfillId);
  if (work.length === 0) {
    await finishJob(db, job, now());
    return { backfillId, started: [], ended: true };
  }
  const started: string[] = [];
  const failed: unknown[] = [];
  for (const siteWork of work) {
    try {
      const outcome = await superviseSite(db, instances, job, siteWork, now);
      if (outcome === "given up") return { backfillId, started, ended: true };
      if (outcome === "started") started.push(siteWork.site.name);
    } catch (error) {
      // one site's trouble must not keep the others waiting
      failed.push(error);
    }
  }
  if (failed.length > 0) throw failed[0];
  return { backfillId, started, ended: false };
}

async function superviseSite(
  db: D1Database,
  instances: Instances,
  job: Job,
  work: SiteWork,
  now: () => number,
): Promise<"left" | "started" | "given up"> {
  const { site } = work;
  const start = (number: number) => instances.start(newInstance(job, site, number));
  const state: InstanceState =
    work.number === null ? { is: "absent" } : await instances.find(newInstance(job, site, work.number));
  switch (recoveryFor(work, state)) {
    case "leave":
      return "left";
    case "start":
      await start(work.number!);
      return "started";
    case "appoint": {
      const number = await appointNext(db, job, site.id, work.number, now());
      if (number === null) return "left";
      await start(number);
      return "started";
    }
    case "give up": {
      const last = state.is === "ended" && state.reason !== null ? `, the last one: ${state.reason}` : "";
      const reason = `${site.name}: ${work.consecutiveFailures + 1} Workflow instances ended without having finished a day${last}`;
      await failJob(db, job, reason, now());
      return "given up";
    }
  }
}

function newInstance(job: Job, site: BackfillSite, number: number): NewInstance {
  const { backfillId, epoch, replaceSuspect } = job;
  return { backfillId, epoch, site, number, replaceSuspect };
}
