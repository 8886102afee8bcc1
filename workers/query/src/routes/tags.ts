import { findSitePoints } from "@building-vitals/core/catalog/point-index";
import { databaseOf } from "@building-vitals/core/d1/site-databases";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { z } from "zod";
import { answerOfState } from "../conditional.ts";
import { type Env, settingsOf } from "../env.ts";
import { IF_NONE_MATCH, NOT_MODIFIED } from "../etag.ts";
import { configuredSite } from "../site.ts";
import { Stages } from "../stages.ts";

const answerSchema = z.strictObject({
  tags: z.array(
    z.strictObject({
      name: z.string().meta({ description: "as the upstream spells it" }),
      filter_name: z.string().meta({ description: "its name in `filter`" }),
      count: z.int().meta({ description: "points that have it" }),
      markers: z.int().meta({ description: "points that have it as a marker" }),
      texts: z.int().meta({ description: "points that have it with a text" }),
    }),
  ),
});

const described = describe({
  summary: "The tags of a site's points, by name",
  access: "read",
  path: { site: "A site's name" },
  headers: IF_NONE_MATCH,
  answers: {
    200: { description: "All tags", content: { "application/json": answerSchema } },
    304: NOT_MODIFIED,
  },
  problems: ["unknown_site"],
});

/** `GET /sites/{site}/tags`: the tags that can be filtered by. */
export const tagsRoute = new Hono<{ Bindings: Env }>().get("/sites/:site/tags", described, async (context) => {
  const settings = settingsOf(context.env);
  const site = configuredSite(settings, context.req.param("site"), "site");
  const stages = new Stages(Date.now);
  const { version, index } = await stages.time("catalog", () => findSitePoints(databaseOf(settings, site), site.name));
  return answerOfState(context, stages, { route: "tags", asked: site.name, state: version }, async () => {
    const tags = index.tags.map(({ filterName, ...tag }) => ({ ...tag, filter_name: filterName }));
    const answer: z.infer<typeof answerSchema> = { tags };
    return { text: JSON.stringify(answer), isPartial: false };
  });
});
