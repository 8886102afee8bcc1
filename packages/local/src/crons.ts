import { Cron } from "croner";
import type { WorkerName } from "./worker-names.ts";

/** A cron expression of a Worker's wrangler file. */
export interface WorkerCron {
  readonly worker: WorkerName;
  readonly cron: string;
}

/** The names of etl's crons, by the form of their expressions. */
const ETL_CRONS: readonly (readonly [name: string, expression: RegExp])[] = [
  ["sync", /^\*\/\d+ \* \* \* \*$/],
  ["hourly", /^\d+ \* \* \* \*$/],
  ["daily", /^\d+ \d+ \* \* \*$/],
];

/** A Worker's cron expressions by themselves, and etl's also by name. */
export function namedCrons(worker: WorkerName, crons: readonly string[]): Record<string, string> {
  const byName = ETL_CRONS.flatMap(([name, expression]) => {
    const cron = worker === "etl" ? crons.find((candidate) => expression.test(candidate)) : undefined;
    return cron === undefined ? [] : [[name, cron] as const];
  });
  return Object.fromEntries([...crons.map((cron) => [cron, cron] as const), ...byName]);
}

/**
 * Runs crons at their times (UTC, like the platform) until stopped; a cron never overlaps its own run.
 * @param onError receives the error of a failed run; the next one runs anyway
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
