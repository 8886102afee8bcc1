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
  summary: "Stops the running backfill within a step, or removes one from the queue",
  access: "write",
  body: bodySchema,
  answers: { 200: { description: "The backfill is stopped", content: { "application/json": cancelledSchema } } },
  problems: ["invalid_request", "body_too_large", "no_backfill_running"],
});

/**
 * `POST /backfill/cancel`: stops the running or the named backfill within a step, or removes the named one from the
 * queue. Finished days stay, and the current day may still finish. The next backfill of the queue begins.
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
    // The queue first: a backfill that begins meanwhile is then found running.
    if (id !== undefined && (await removeQueued(DB, id))) return answer(id, 0, "Backfill removed from the queue.");
    // A repeated cancel gives the same answer.
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
