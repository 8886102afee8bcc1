import { cancelJob, readJob } from "@building-vitals/core/backfill/job-store";
import { readProgress } from "@building-vitals/core/backfill/progress";
import { removeQueued } from "@building-vitals/core/backfill/queue";
import { Problem } from "@building-vitals/core/domain/problem";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { z } from "zod";
import { cancelledSchema } from "../answers.ts";
import { tryToBeginNext } from "../begin-next.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { projectProgress } from "../start.ts";

const bodySchema = z.strictObject({ backfill_id: z.string().min(1).optional() });

const described = describe({
  summary: "Stops the backfill within a step, or takes one out of the queue",
  access: "write",
  body: bodySchema,
  answers: { 200: { description: "It is stopped", content: { "application/json": cancelledSchema } } },
  problems: ["invalid_request", "body_too_large", "no_backfill_running"],
});

/**
 * `POST /backfill/cancel`: stops the backfill within a step, whichever runs or the one that is named; or takes the named
 * one out of the queue. Finished days stay; the current one may still finish. The next of the queue begins.
 */
export const cancelRoute = new Hono<{ Bindings: Env }>().post(
  "/backfill/cancel",
  described,
  requireAdmin,
  async (context) => {
    const settings = settingsOf(context.env);
    const { DB, ETL_STATE } = settings;
    const { backfill_id: id } = await parseBody(context.req.raw, bodySchema);
    const answer = (backfillId: string, done: number, message: string) =>
      context.json({ status: "cancelled", backfill_id: backfillId, days_completed: done, message }, 200, {
        "cache-control": "no-store",
      });
    // The queue first: what begins in between is found running.
    if (id !== undefined && (await removeQueued(DB, id))) return answer(id, 0, "Backfill taken out of the queue.");
    // A second cancel answers as the first one did.
    const job = (await cancelJob(DB, Date.now(), id)) ?? (await readJob(DB, id));
    const progress = job?.status === "cancelled" ? await readProgress(DB, job.backfillId) : null;
    if (progress === null) {
      const detail = id === undefined ? "No backfill is in progress." : `The backfill ${id} neither runs nor waits.`;
      throw new Problem("no_backfill_running", detail);
    }
    await tryToBeginNext(settings);
    await projectProgress(DB, ETL_STATE);
    const { backfillId } = progress.job;
    return answer(backfillId, progress.days.completed, "Backfill cancelled. Progress has been saved.");
  },
);
