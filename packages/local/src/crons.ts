import { Cron } from "croner";
import type { WorkerCron } from "./workers.ts";

/**
 * Runs crons at their times (UTC, as the platform does) until stopped; a run that is still going on is not overlapped.
 * @param onError is told of a run that failed; the next one comes all the same
 */
export function scheduleCrons(
  crons: readonly WorkerCron[],
  run: (cron: WorkerCron) => Promise<void>,
  onError: (cron: WorkerCron, error: unknown) => void,
): { stop(): void } {
  const jobs = crons.map(
    (cron) =>
      new Cron(cron.cron, { timezone: "UTC", protect: true, catch: (error) => onError(cron, error) }, () => run(cron)),
  );
  return { stop: () => jobs.forEach((job) => job.stop()) };
}
