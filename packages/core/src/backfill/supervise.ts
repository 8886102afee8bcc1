import type { BackfillSite } from "./backfill-site.ts";
import { appointNext, type InstanceTicket, type SiteWork, sitesAtWork } from "./instance-store.ts";
import { failJob, finishJob, type Job, readRunningJob } from "./job-store.ts";

/** An instance of the engine, and its parameters. */
export interface NewInstance extends InstanceTicket {
  /** whether to rebuild days whose object is not the published one */
  readonly replaceSuspect: boolean;
}

/**
 * The engine's state of an instance. `alive`: it continues by itself. `ended`: it does not, and its id cannot be used
 * again. `absent`: the engine does not know it.
 */
export type InstanceState =
  | { readonly is: "alive" | "absent" }
  /** why; null: unknown */
  | { readonly is: "ended"; readonly reason: string | null };

/** The durable engine's instances. */
export interface Instances {
  find(instance: InstanceTicket): Promise<InstanceState>;
  /** Starts an instance unless it was started before. @throws if it could not be started */
  start(instance: NewInstance): Promise<void>;
}

/** How many instances in a row may end without finishing a day. At one every five minutes this takes an hour. */
export const MAX_CONSECUTIVE_FAILURES = 12;

/** The action for a site of a running job that has pending days. */
type RecoveryAction =
  /** do nothing: its instance goes on */
  | "leave"
  /** start the appointed instance: the process that appointed it died first */
  | "start"
  /** appoint another instance: none exists, or the last one ended early */
  | "appoint"
  /** fail the job: too many instances ended on the same day */
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

/** The result of a supervisor's pass. */
interface Supervision {
  readonly backfillId: string;
  /** sites whose instance was started */
  readonly started: readonly string[];
  /** whether it ended the job, because no day is pending or it gave up */
  readonly ended: boolean;
}

/**
 * Makes sure that the running job has an instance for each site with pending days, even if a process died before
 * starting one. Ends a job without such sites. Apart from it, only an instance starts its successor. Safe to repeat,
 * and to run beside itself, instances that hand over, and a cancel:
 * - of several that appoint an instance, one succeeds
 * - any process may start an appointed instance, and it starts once
 * - an instance that is no longer appointed does nothing
 * @param now epoch ms
 * @returns null if no job runs
 * @throws errors of D1, and of the engine if an instance could not be started
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
      // an error at one site must not block the others
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
      const last = state.is === "ended" && state.reason !== null ? `; the last one: ${state.reason}` : "";
      const reason = `${site.name}: ${work.consecutiveFailures + 1} Workflow instances in a row finished no day${last}`;
      await failJob(db, job, reason, now());
      return "given up";
    }
  }
}

function newInstance(job: Job, site: BackfillSite, number: number): NewInstance {
  const { backfillId, epoch, replaceSuspect } = job;
  return { backfillId, epoch, site, number, replaceSuspect };
}
