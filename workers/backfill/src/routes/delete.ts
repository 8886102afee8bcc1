import {
  DELETABLE_AFTER_MS,
  deletePoint,
  deleteRange,
  deleteSite,
} from "@building-vitals/core/deletion/delete-samples";
import { dateRange, lastEndedDay, START_END } from "@building-vitals/core/backfill/date-range";
import { storeOf } from "@building-vitals/core/backfill/backfill-site";
import { readProgress } from "@building-vitals/core/backfill/progress";
import { loadCatalog } from "@building-vitals/core/catalog/catalog";
import { dayStart, dayText, parseDay } from "@building-vitals/core/domain/day";
import { frontOf } from "@building-vitals/core/domain/lateness";
import { Problem } from "@building-vitals/core/domain/problem";
import { describe } from "@building-vitals/core/http/openapi";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import { Hono } from "hono";
import { z } from "zod";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { sitesOf } from "../sites.ts";

const name = z.string().min(1);
const date = z.string({ error: "must be a date such as 2024-01-31" });
const from = date.optional().meta({ description: "`next_date` of the previous answer" });
const bodySchema = z.union(
  [
    z.strictObject({ site: name, start_date: date, end_date: date }),
    z.strictObject({ site: name, point: name, from }),
    z.strictObject({ site: name, everything: z.literal(true), from }),
  ],
  { error: "must name a site, and start_date with end_date, or point, or everything: true" },
);

const answerSchema = z.strictObject({
  site: z.string(),
  days: z.array(
    z.strictObject({
      date: z.iso.date(),
      outcome: z.enum(["deleted", "conflict", "suspect", "failed"]),
      reason: z.string().nullable(),
    }),
  ),
  next_date: z.iso.date().nullable().meta({ description: "the next request begins here; null: all is deleted" }),
});

const described = describe({
  summary: "Deletes samples permanently: days of a site, a point, or a whole site",
  access: "write",
  body: bodySchema,
  answers: { 200: { description: "The outcome of each day", content: { "application/json": answerSchema } } },
  problems: [
    "invalid_request",
    "span_too_long",
    "body_too_large",
    "unknown_site",
    "unknown_point",
    "backfill_in_progress",
    "site_not_paused",
  ],
});

/** The day at which a request continues. @throws {Problem} `invalid_request` */
function dayOfFrom(text: string | undefined): number {
  const day = text === undefined ? 0 : parseDay(text);
  if (day === null) throw new Problem("invalid_request", "from: must be a date such as 2024-01-31", "from");
  return day;
}

/** `POST /delete`: deletes samples permanently, some days per request. The next request begins at `next_date`. */
export const deleteRoute = new Hono<{ Bindings: Env }>().post("/delete", described, requireAdmin, async (context) => {
  const settings = settingsOf(context.env);
  const { DB, TIMESERIES: bucket, ETL_STATE: kv, HOT_DAYS: hotDays } = settings;
  const body = await parseBody(context.req.raw, bodySchema);
  const [placed] = await sitesOf(settings, [body.site], "site");
  if (placed === undefined) throw new Problem("unknown_site", "There is no such site.", "site");
  if ((await readProgress(DB))?.job.status === "in_progress") {
    throw new Problem("backfill_in_progress", "A running backfill writes day files. Cancel it first.");
  }
  const { db, site } = storeOf(DB, placed);
  const state = (await readSyncStates(db, [site.name])).get(site.name);
  const newBuild = () => `delete_${crypto.randomUUID()}`;
  const deletion = { db, bucket, kv, hotDays, now: Date.now, newBuild };
  const run = async () => {
    if ("start_date" in body) {
      const range = dateRange(body.start_date, body.end_date, lastEndedDay(Date.now()), START_END);
      const front = state === undefined ? null : frontOf(state);
      const until = (front ?? Number.POSITIVE_INFINITY) - DELETABLE_AFTER_MS;
      if (dayStart(range.last + 1) > until) {
        const detail =
          "end_date: the day must have ended 24 hours before the site's watermark and newest samples; otherwise a sync stores it again.";
        throw new Problem("invalid_request", detail, "end_date");
      }
      return deleteRange(deletion, site, range);
    }
    if ("point" in body) {
      const point = (await loadCatalog(db, site.id)).get(body.point);
      if (point === undefined) {
        throw new Problem("unknown_point", `${site.name} has no point ${JSON.stringify(body.point)}.`, "point");
      }
      return deletePoint(deletion, site, { id: point.id, name: body.point }, dayOfFrom(body.from));
    }
    if (state?.pause === null) {
      const detail = `Pause ${site.name} first (POST /sites/{site}/pause of the ETL Worker); otherwise the next sync stores samples again.`;
      throw new Problem("site_not_paused", detail, "site");
    }
    return deleteSite(deletion, site, dayOfFrom(body.from));
  };
  const { days, nextDay } = await run();
  const answer: z.infer<typeof answerSchema> = {
    site: site.name,
    days: [...days],
    next_date: nextDay === null ? null : dayText(nextDay),
  };
  return context.json(answer, 200, { "cache-control": "no-store" });
});
