import type { Settings } from "./env.ts";
import { settleSites } from "./settle.ts";
import { maintainOneSite } from "./maintain-site.ts";
import { superviseBackfill } from "./supervise.ts";

/** The cron of wrangler.backfill.toml. */
const SUPERVISE_CRON = "*/5 * * * *";

/**
 * Runs the jobs of the cron.
 * @throws Error for an unknown cron, because wrangler.backfill.toml and this file then disagree; the error of a failed
 * job, so that Cloudflare marks the run as failed
 */
export async function runCron(cron: string, settings: Settings): Promise<void> {
  if (cron !== SUPERVISE_CRON) throw new Error(`no job for the cron ${JSON.stringify(cron)}`);
  // A failed job does not stop the others.
  const jobs = [settleSites(settings), superviseBackfill(settings), maintainOneSite(settings, Date.now())];
  const outcomes = await Promise.allSettled(jobs);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
