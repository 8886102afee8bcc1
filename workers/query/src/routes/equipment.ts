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
  equipment: z.array(
    z.strictObject({
      id: z.string().meta({ description: "stays while tags, device and name of the points do" }),
      name: z.string(),
      parent: z.string().nullable().meta({ description: "id of the equipment above; null: not known" }),
      source: z.enum(["tag", "device", "name"]).meta({
        description: "how it is known: by tags, by the BACnet device, or by the path of the points' names",
      }),
      points: z.int().meta({ description: "points of its own" }),
    }),
  ),
});

const described = describe({
  summary: "The equipment of a site's points, flat, in the natural order of names",
  access: "read",
  path: { site: "A site's name" },
  headers: IF_NONE_MATCH,
  answers: {
    200: { description: "All equipment", content: { "application/json": answerSchema } },
    304: NOT_MODIFIED,
  },
  problems: ["unknown_site"],
});

/** `GET /sites/{site}/equipment`: the equipment that `equip` in filters names. */
export const equipmentRoute = new Hono<{ Bindings: Env }>().get(
  "/sites/:site/equipment",
  described,
  async (context) => {
    const settings = settingsOf(context.env);
    const site = configuredSite(settings, context.req.param("site"), "site");
    const stages = new Stages(Date.now);
    const { version, index } = await stages.time("catalog", () =>
      findSitePoints(databaseOf(settings, site), site.name),
    );
    return answerOfState(context, stages, { route: "equipment", asked: site.name, state: version }, async () => {
      const answer: z.infer<typeof answerSchema> = { equipment: [...index.equipment] };
      return { text: JSON.stringify(answer), isPartial: false };
    });
  },
);
