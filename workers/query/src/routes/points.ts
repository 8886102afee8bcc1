import { readLastSeen } from "@building-vitals/core/catalog/last-seen";
import { listPoints } from "@building-vitals/core/catalog/point-list";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { Hono } from "hono";
import { z } from "zod";
import { type Env, settingsOf } from "../env.ts";
import { one } from "../parameters.ts";
import { siteOf } from "../site.ts";

const querySchema = z.strictObject({
  search: one(z.string().max(200).optional()),
  tag: one(z.string().min(1).max(200).optional()),
  limit: one(z.coerce.number().int().min(1).max(1000).default(100)),
  /** the last name of the page before: right whatever is added meanwhile */
  cursor: one(z.string().min(1).optional()),
});

/** `GET /sites/{site}/points`: what there is to chart, page by page, in the order of the names. */
export const pointsRoute = new Hono<{ Bindings: Env }>().get("/sites/:site/points", async (context) => {
  const settings = settingsOf(context.env);
  const { cursor: after, ...filter } = parseInput(querySchema, context.req.queries());
  const site = await siteOf(settings, context.req.param("site"), "site");
  const page =
    site.id === null ? { points: [], more: false } : await listPoints(settings.DB, site.id, { ...filter, after });
  const lastSeen = await readLastSeen(
    settings.DB,
    page.points.map((point) => point.id),
  );
  const iso = (time: number | null | undefined) => (time == null ? null : new Date(time).toISOString());
  const points = page.points.map((point) => ({
    name: point.name,
    unit: point.unit,
    label: point.label,
    tags: point.tags,
    interval_s: point.intervalS,
    configured: point.configured,
    first_seen: iso(point.firstSeen),
    last_seen: iso(lastSeen.get(point.id)),
  }));
  const last = page.points.at(-1);
  const next_cursor = page.more && last !== undefined ? last.name : null;
  return context.json({ points, next_cursor }, 200, { "cache-control": "no-store" });
});
