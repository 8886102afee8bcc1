import { dayText } from "../domain/day.ts";
import type { DayOutcome } from "./job-days.ts";
import { type Progress, readProgress } from "./progress.ts";
import { stateDocument } from "./status-answer.ts";

/**
 * Writes the backfill's state to KV, under the keys and in the shapes of the older documents, for their readers. KV is
 * a projection only: it is eventually consistent, and accepts one write a second for a key.
 */
export async function projectState(kv: KVNamespace, progress: Progress): Promise<void> {
  await kv.put("backfill:state", JSON.stringify(stateDocument(progress)));
}

/** The older documents' name for an outcome; the outcome itself stands beside it. */
function dayStatus(outcome: DayOutcome["outcome"]): "completed" | "failed" {
  switch (outcome) {
    case "written":
    case "confirmed-empty":
      return "completed";
    case "suspect":
    case "failed":
      return "failed";
  }
}

/** Writes a day's outcome, and then the state, to KV. @param at epoch ms */
export async function projectDay(
  db: D1Database,
  kv: KVNamespace,
  built: { readonly backfillId: string; readonly site: string; readonly day: number },
  outcome: DayOutcome,
  at: number,
): Promise<void> {
  const date = dayText(built.day);
  const timestamp = new Date(at).toISOString();
  const { records, key, outcome: word } = outcome;
  const day = { status: dayStatus(word), outcome: word, records, r2_path: key, completed_at: timestamp };
  await kv.put(`backfill:day:${date.replaceAll("-", "")}:${built.site}`, JSON.stringify(day));
  if (outcome.reason !== null) {
    const context = { site: built.site, date };
    const error = { backfill_id: built.backfillId, timestamp, error: outcome.reason, context };
    await kv.put(`backfill:errors:${built.backfillId}:${at}`, JSON.stringify(error));
  }
  const progress = await readProgress(db);
  // Another job may run by now; then the state belongs to that job.
  if (progress?.job.backfillId === built.backfillId) await projectState(kv, progress);
}
