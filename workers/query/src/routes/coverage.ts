import { readLastSeen } from "@building-vitals/core/catalog/last-seen";
import { findPoints } from "@building-vitals/core/catalog/point-list";
import { DAY_STATES } from "@building-vitals/core/manifest/manifest";
import { dayOf, dayStart, dayText, HOURS_PER_DAY } from "@building-vitals/core/domain/day";
import { Problem } from "@building-vitals/core/domain/problem";
import { listGaps } from "@building-vitals/core/gaps/gap-store";
import { describe } from "@building-vitals/core/http/openapi";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { once } from "@building-vitals/core/http/parameters";
import { timeSchema } from "@building-vitals/core/http/time-parameter";
import { type CoveredDay, expectedSamples, readCoverageDays } from "@building-vitals/core/query/coverage-days";
import { SETTLE_OUTCOMES } from "@building-vitals/core/store/settle-days";
import { VALUES_PER_ROW } from "@building-vitals/core/query/values-in-flight";
import { readWatermarks } from "@building-vitals/core/query/watermarks";
import { Hono } from "hono";
import { z } from "zod";
import type { Bounded } from "../bounded-answers.ts";
import { answerOfState } from "../conditional.ts";
import { settingsOf } from "../env.ts";
import { MAX_GAPS, gapSchema, shownGap } from "../gaps.ts";
import { A_POINT_LIST, pointsNamed, unknownPointsSchema } from "../point-names.ts";
import { candidateNames } from "../read-names.ts";
import { siteOf } from "../site.ts";
import { Stages } from "../stages.ts";
import { IF_NONE_MATCH, NOT_MODIFIED } from "../etag.ts";

/** Five years of days, and the largest number of days times points: a D1 query of about half a second. */
const MAX_DAYS = 1830;
const MAX_COUNTS = 40_000;

/** Last day that the keys can hold. */
const LAST_DAY = 2 ** 16 - 1;

const querySchema = z.strictObject({
  start: once(timeSchema).meta({ description: "The first UTC day: a date, ISO 8601 or epoch milliseconds" }),
  end: once(timeSchema).meta({ description: "Exclusive, like `start`: 2025-11-01 for all of October" }),
  points: z
    .array(z.string())
    .min(1)
    .optional()
    .meta({ description: `Names of points whose samples are counted: ${A_POINT_LIST}` }),
});

const daySchema = z.strictObject({
  date: z.iso.date().meta({ description: "a UTC day" }),
  sources: z.array(z.enum(["D1", "R2"])).meta({ description: "the levels that have samples of the day" }),
  settling: z
    .strictObject({
      settled_at: z.iso.datetime().nullable().meta({ description: "when the whole day was last read from the source" }),
      due_at: z.iso.datetime().nullable().meta({ description: "when it is read next; null: never again" }),
      outcome: z.enum(SETTLE_OUTCOMES).nullable().meta({ description: "of the last run; null: no run yet" }),
      reason: z.string().nullable(),
    })
    .nullable()
    .meta({ description: "null: the day was never due for settling" }),
  hot: z.strictObject({
    hours: z.int().min(0).max(HOURS_PER_DAY).meta({ description: "UTC hours that have hot samples" }),
  }),
  cold: z.strictObject({
    state: z.enum([...DAY_STATES, "missing"]).meta({ description: "missing: never built" }),
    rows: z.int(),
    points: z.int(),
    bytes: z.int(),
    source: z.enum(["api", "d1"]).nullable(),
    reason: z.string().nullable().meta({ description: "why it is suspect, or why the last build failed" }),
    updated_at: z.iso.datetime().nullable(),
    file: z.string().nullable().meta({ description: "address of the day's Parquet file" }),
  }),
});

const answerSchema = z.strictObject({
  site_name: z.string(),
  days: z.array(daySchema),
  gaps: z.array(gapSchema).meta({
    description: `of the whole site, and of the points named in \`points\`, newest first; at most ${MAX_GAPS}`,
  }),
  gaps_truncated: z.boolean(),
  points: z
    .array(
      z.strictObject({
        name: z.string(),
        last_seen: z.iso.datetime().nullable().meta({ description: "its newest sample, not limited to the range" }),
        days: z.array(
          z.strictObject({
            date: z.iso.date(),
            samples: z.int().nullable().meta({ description: "null: an hour is not rolled up yet" }),
            settled: z.int().nullable().meta({ description: "in the day's file" }),
            expected: z
              .int()
              .nullable()
              .meta({ description: "from its cadence, since its first sample and up to the watermark; null: unknown" }),
          }),
        ),
      }),
    )
    .optional(),
  unknown_points: unknownPointsSchema.optional(),
});

const described = describe({
  summary: "Stored data by UTC day, level and state",
  access: "read",
  path: { site: "A site's name" },
  query: querySchema,
  headers: IF_NONE_MATCH,
  answers: {
    200: { description: "Each day of the range", content: { "application/json": answerSchema } },
    304: NOT_MODIFIED,
  },
  problems: [
    "invalid_request",
    "epoch_seconds",
    "span_too_long",
    "unknown_site",
    "ambiguous_point_names",
    "unknown_point",
    "too_many_points",
    "too_much_data",
    "busy",
  ],
});

/** `GET /sites/{site}/coverage`: stored data by UTC day, level and state. */
export const coverageRoute = new Hono<Bounded>().get("/sites/:site/coverage", described, async (context) => {
  const settings = settingsOf(context.env);
  const { start, end, points: names } = parseInput(querySchema, context.req.queries());
  const range = daysOf(start, end);
  const site = await siteOf(settings, context.req.param("site"), "site");
  const { db } = site;
  const siteId = site.id ?? 0;
  const stages = new Stages(Date.now);
  const named =
    names === undefined
      ? null
      : pointsNamed(site.name, await findPoints(db, site.name, candidateNames(names)), names, "points");
  const points = named?.points ?? [];
  const length = range.last - range.first + 1;
  if (points.length * length > MAX_COUNTS) {
    const most = Math.floor(MAX_COUNTS / length);
    throw new Problem("too_much_data", `Over ${length} days, ask for at most ${most} points at once.`, "points");
  }
  const ids = points.map(({ id }) => id);
  await stages.time("wait", () => context.var.admit(VALUES_PER_ROW * (points.length + 1) * length));
  const [coverage, gaps, watermarks, lastSeen] = await stages.time("d1", () =>
    Promise.all([
      readCoverageDays(db, siteId, range, ids),
      listGaps(
        db,
        { siteIds: [siteId], pointIds: ids, start: dayStart(range.first), end: dayStart(range.last + 1) },
        MAX_GAPS + 1,
      ),
      readWatermarks(db, [site.name]),
      readLastSeen(db, ids),
    ]),
  );
  const watermark = watermarks.get(site.name) ?? null;
  const pointName = new Map(points.map(({ id, name }) => [id, name]));
  const byPoint = Map.groupBy(coverage.counts, ({ pointId }) => pointId);
  const answer: z.infer<typeof answerSchema> = {
    site_name: site.name,
    days: coverage.days.map((day) => shownDay(site.name, day)),
    gaps: gaps.slice(0, MAX_GAPS).map((gap) => shownGap(gap, pointName.get(gap.pointId) ?? null)),
    gaps_truncated: gaps.length > MAX_GAPS,
    ...(named === null
      ? {}
      : {
          unknown_points: [...named.unknown],
          points: points.map((point) => ({
            name: point.name,
            last_seen: isoTime(lastSeen.get(point.id)),
            days: (byPoint.get(point.id) ?? []).map(({ day, samples, settled }) => ({
              date: dayText(day),
              samples,
              settled,
              expected: expectedSamples(point, day, watermark),
            })),
          })),
        }),
  };
  const text = JSON.stringify(answer);
  return answerOfState(context, stages, { route: "coverage", asked: null, state: text }, async () => {
    return { text, isPartial: false };
  });
});

/** @throws {Problem} `invalid_request`, `span_too_long` */
function daysOf(start: number, end: number): { first: number; last: number } {
  if (start >= end) throw new Problem("invalid_request", "end: is not after start; the range is [start, end).", "end");
  const [first, last] = [dayOf(start), dayOf(end - 1)];
  if (first < 0 || last > LAST_DAY) {
    const detail = `${first < 0 ? "start" : "end"}: days are stored from 1970-01-01 to ${dayText(LAST_DAY)}.`;
    throw new Problem("invalid_request", detail, first < 0 ? "start" : "end");
  }
  if (last - first >= MAX_DAYS) {
    const until = dayText(Math.min(LAST_DAY, first + MAX_DAYS));
    throw new Problem("span_too_long", `Ask for at most ${MAX_DAYS} days at once: up to end=${until}.`, "end");
  }
  return { first, last };
}

function isoTime(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}

function shownDay(siteName: string, { day, hotHours, cold, settling }: CoveredDay): z.infer<typeof daySchema> {
  const date = dayText(day);
  const isReadable = cold?.state === "written" && cold.file !== null;
  return {
    date,
    sources: [...(hotHours > 0 ? (["D1"] as const) : []), ...(isReadable ? (["R2"] as const) : [])],
    settling:
      settling === null
        ? null
        : {
            settled_at: isoTime(settling.settledAt ?? undefined),
            due_at: isoTime(settling.dueAt ?? undefined),
            outcome: settling.outcome,
            reason: settling.reason,
          },
    hot: { hours: hotHours },
    cold: {
      state: cold?.state ?? "missing",
      rows: cold?.file?.rows ?? 0,
      points: cold?.file?.points ?? 0,
      bytes: cold?.file?.bytes ?? 0,
      source: cold?.source ?? null,
      reason: cold?.reason ?? null,
      updated_at: cold === null ? null : new Date(cold.updatedAt).toISOString(),
      file: isReadable ? `/sites/${encodeURIComponent(siteName)}/days/${date}.parquet` : null,
    },
  };
}
