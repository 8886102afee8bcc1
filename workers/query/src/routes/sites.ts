import { byDatabase } from "@building-vitals/core/d1/site-databases";
import { describe } from "@building-vitals/core/http/openapi";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { readWatermarks } from "@building-vitals/core/query/watermarks";
import { Hono } from "hono";
import { z } from "zod";
import { answerOfState } from "../conditional.ts";
import { type Env, settingsOf } from "../env.ts";
import { Stages } from "../stages.ts";
import { IF_NONE_MATCH, NOT_MODIFIED } from "../etag.ts";

const querySchema = z.strictObject({});

const answerSchema = z.strictObject({
  sites: z.array(
    z.strictObject({
      name: z.string(),
      timezone: z.string().meta({ description: "IANA zone" }),
      data_until: z.iso
        .datetime()
        .nullable()
        .meta({ description: "all earlier samples that the API served are stored" }),
    }),
  ),
});

const described = describe({
  summary: "The sites of this deployment",
  access: "read",
  query: querySchema,
  headers: IF_NONE_MATCH,
  answers: {
    200: { description: "The sites", content: { "application/json": answerSchema } },
    304: NOT_MODIFIED,
  },
  problems: ["invalid_request"],
});

/** `GET /sites`: the sites of this deployment. `data_until` is the time up to which their data is complete. */
export const sitesRoute = new Hono<{ Bindings: Env }>().get("/sites", described, async (context) => {
  parseInput(querySchema, context.req.queries());
  const settings = settingsOf(context.env);
  const stages = new Stages(Date.now);
  const read = await stages.time("d1", () =>
    Promise.all(
      byDatabase(settings, settings.SITES).map(({ db, sites: inIt }) => {
        const names = inIt.map((site) => site.name);
        return readWatermarks(db, names);
      }),
    ),
  );
  const watermarks = new Map(read.flatMap((ofDatabase) => [...ofDatabase]));
  const sites = settings.SITES.map(({ name, timezone }) => {
    const watermark = watermarks.get(name);
    return { name, timezone, data_until: watermark === undefined ? null : new Date(watermark).toISOString() };
  });
  const answer: z.infer<typeof answerSchema> = { sites };
  return answerOfState(context, stages, { route: "sites", asked: null, state: sites }, async () => {
    return { text: JSON.stringify(answer), isPartial: false };
  });
});
