import { cancelJob, readJob } from "@building-vitals/core/backfill/job-store";
import { backfillState } from "@building-vitals/core/backfill/status-answer";
import { Problem } from "@building-vitals/core/domain/problem";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { cancelledSchema } from "../answers.ts";
import { type Env, settingsOf } from "../env.ts";
import { requireAdmin } from "../require-admin.ts";
import { projectProgress } from "../start.ts";

const described = describe({
  summary: "Stops the backfill within a step",
  access: "write",
  answers: { 200: { description: "It is stopped", content: { "application/json": cancelledSchema } } },
  problems: ["no_backfill_running"],
});

/** `POST /backfill/cancel`: stops the backfill within a step. Finished days stay; the current one may still finish. */
export const cancelRoute = new Hono<{ Bindings: Env }>().post(
  "/backfill/cancel",
  described,
  requireAdmin,
  async (context) => {
    const { DB, ETL_STATE } = settingsOf(context.env);
    // A second cancel answers as the first one did.
    const job = (await cancelJob(DB, Date.now())) ?? (await readJob(DB));
    const progress = await projectProgress(DB, ETL_STATE);
    if (job?.status !== "cancelled" || progress?.job.backfillId !== job.backfillId) {
      throw new Problem("no_backfill_running", "No backfill is in progress.");
    }
    const answer = {
      status: "cancelled",
      backfill_id: job.backfillId,
      days_completed: backfillState(progress).days_completed,
      message: "Backfill cancelled. Progress has been saved.",
    };
    return context.json(answer, 200, { "cache-control": "no-store" });
  },
);
