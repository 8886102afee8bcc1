import { dayOf, dayText } from "@building-vitals/core/domain/day";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { describe } from "@building-vitals/core/http/openapi";
import { requestDays } from "@building-vitals/core/store/settle-days";
import { readUnsettledDays } from "@building-vitals/core/store/settle-state";
import { Hono } from "hono";
import { z } from "zod";
import { settleSchema } from "../answers.ts";
import { dayField } from "../day-field.ts";
import { type Env, requireAdmin, settingsOf } from "../env.ts";
import { storedSites } from "../sites.ts";

const endedDay = dayField.refine((day) => day < dayOf(Date.now()), "must be a UTC day that has ended");
const bodySchema = z.strictObject({ site: z.string().min(1).optional(), day: endedDay.optional() });

const described = describe({
  summary: "Makes closed days due for settling now; the backfill Worker builds them",
  access: "write",
  body: bodySchema,
  answers: { 202: { description: "The days that are due", content: { "application/json": settleSchema } } },
  problems: ["invalid_request", "body_too_large", "unknown_site"],
});

/**
 * `POST /settle`: makes the named closed day due now, or all that are not settled for good or have samples in no file.
 * The backfill Worker begins to build them within five minutes.
 */
export const settleRoute = new Hono<{ Bindings: Env }>().post("/settle", described, requireAdmin, async (context) => {
  const { site: name, day } = await parseBody(context.req.raw, bodySchema);
  const now = Date.now();
  const sites: z.infer<typeof settleSchema>["sites"] = [];
  for (const { db, id, name: site, pause } of await storedSites(settingsOf(context.env), name)) {
    const days = day === undefined ? await readUnsettledDays(db, id, dayOf(now)) : [day];
    await requestDays(db, id, days, now);
    sites.push({ site, paused: pause !== null, days: days.map(dayText) });
  }
  return context.json({ sites } satisfies z.infer<typeof settleSchema>, 202, { "cache-control": "no-store" });
});
