import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const statusSchema = z.object({ status: z.string(), days_failed: z.int() });

/** Waits until the running backfill has ended. @throws Error unless it completed */
export async function waitForBackfill(backfillUrl: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${backfillUrl}/backfill/status`);
    const { status, days_failed: failed } = statusSchema.parse(await response.json());
    if (status !== "in_progress") {
      if (status !== "completed" || failed > 0) throw new Error(`the backfill is ${status}, ${failed} days failed`);
      return;
    }
    await sleep(100);
  }
}
