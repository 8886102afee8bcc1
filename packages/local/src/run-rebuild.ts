import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type WorkerClient, WorkerRefused, WorkerUnreachable } from "./worker-client.ts";

/** Pause before a failed run is repeated. */
const RETRY_MS = 2_000;
/** How long a Worker that answered before may fail: during a deploy, or without a network. */
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
/** The result of one run of the Worker. */
export type RebuildRun = Pick<z.infer<typeof runSchema>, "days" | "months">;

/** Receives the progress. */
export interface RebuildWatcher {
  found(run: RebuildRun): void;
  /** a run failed, and is repeated */
  trouble(text: string): void;
}

/**
 * Repeats the etl Worker's rebuild runs until all days are checked.
 * @throws {WorkerUnreachable} {WorkerRefused} if the Worker refuses, or fails for a minute
 */
export async function rebuildUntilDone(
  client: Pick<WorkerClient, "ask">,
  body: Readonly<Record<string, unknown>>,
  watcher: RebuildWatcher,
  wait: (ms: number) => Promise<unknown> = sleep,
): Promise<void> {
  // null: no answer yet, so the Worker may not exist
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
