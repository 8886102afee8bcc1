import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type WorkerClient, WorkerRefused, WorkerUnreachable } from "./worker-client.ts";

/** Between two tries of a run that failed. */
const RETRY_MS = 2_000;
/** Once the Worker has answered, it may be deployed anew, or the network be away, for so long. */
const PATIENCE_MS = 60_000;

const daySchema = z.object({
  key: z.string(),
  site: z.string().nullable(),
  day: z.string().nullable(),
  outcome: z.string(),
  samples: z.int().nullable(),
  reason: z.string().nullable(),
});
const monthSchema = z.object({ outcome: z.string() });
const runSchema = z.object({
  days: z.array(daySchema),
  months: z.array(monthSchema),
  next_cursor: z.string().nullable(),
});
/** What one run of the Worker looked at. */
export type RebuildRun = Pick<z.infer<typeof runSchema>, "days" | "months">;

/** Receives the progress. */
export interface RebuildWatcher {
  found(run: RebuildRun): void;
  /** a run failed, and is tried again */
  trouble(text: string): void;
}

/**
 * Lets the etl Worker rebuild, run after run, until all days were looked at.
 * @throws {WorkerUnreachable} {WorkerRefused} where the Worker says no, or does not answer for a minute
 */
export async function runRebuild(
  client: Pick<WorkerClient, "ask">,
  body: Readonly<Record<string, unknown>>,
  watcher: RebuildWatcher,
  wait: (ms: number) => Promise<unknown> = sleep,
): Promise<void> {
  // null: it has not answered yet, and then nothing speaks for its being there
  let silentMs: number | null = null;
  let cursor: string | null = null;
  for (;;) {
    try {
      const asked = cursor === null ? body : { ...body, cursor };
      const run: z.infer<typeof runSchema> = await client.ask(runSchema, "POST", "/rebuild", asked);
      silentMs = 0;
      watcher.found(run);
      if (run.next_cursor === null) return;
      cursor = run.next_cursor;
    } catch (error) {
      const isPassing = error instanceof WorkerUnreachable || (error instanceof WorkerRefused && error.status >= 500);
      if (!isPassing || silentMs === null || silentMs >= PATIENCE_MS) throw error;
      silentMs += RETRY_MS;
      watcher.trouble(`${error.message} Trying again.`);
      await wait(RETRY_MS);
    }
  }
}
