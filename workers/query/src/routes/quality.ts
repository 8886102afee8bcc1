import { findPoints } from "@building-vitals/core/catalog/point-list";
import { dayOf, dayStart, dayText } from "@building-vitals/core/domain/day";
import { Problem } from "@building-vitals/core/domain/problem";
import { describe } from "@building-vitals/core/http/openapi";
import { parseInput } from "@building-vitals/core/http/parse-body";
import { once, wholeNumber } from "@building-vitals/core/http/parameters";
import { timeSchema } from "@building-vitals/core/http/time-parameter";
import { POOR_SCORE, type PointDayQuality } from "@building-vitals/core/quality/point-day-quality";
import { reasonsOf } from "@building-vitals/core/quality/reasons";
import { summarize, worstFirst } from "@building-vitals/core/query/quality-summary";
import { type QualityDay, type PointQuality, readQuality } from "@building-vitals/core/query/read-quality";
import { VALUES_PER_ROW } from "@building-vitals/core/query/values-in-flight";
import { Hono } from "hono";
import { z } from "zod";
import type { Bounded } from "../bounded-answers.ts";
import { answerOfState } from "../conditional.ts";
import { settingsOf } from "../env.ts";
import { IF_NONE_MATCH, NOT_MODIFIED } from "../etag.ts";
import { A_POINT_LIST, pointsNamed } from "../point-names.ts";
import { candidateNames } from "../read-names.ts";
import { qualityAnswerSchema, type qualitySchema } from "../quality-answer.ts";
import { siteOf } from "../site.ts";
import { Stages } from "../stages.ts";

/**
 * Days of one answer: 31 for all points, because a large site has 142,000 rows in 31 days; five years for named points,
 * within MAX_POINT_DAYS.
 */
const MAX_DAYS = 31;
const MAX_NAMED_DAYS = 1830;
const MAX_POINT_DAYS = 40_000;

const DEFAULT_DAYS = 7;

/** Points of a large site. Without names, D1 sums the days and returns a row per point. */
const USUAL_POINTS = 5_000;

/** Days that the keys can hold. */
const DAYS = 2 ** 16;

const querySchema = z.strictObject({
  points: z
    .array(z.string())
    .min(1)
    .optional()
    .meta({ description: `Names of points: ${A_POINT_LIST}; the answer then lists them by day too. Default: all` }),
  start: once(timeSchema.optional()).meta({ description: "The first UTC day. Default: seven days before the end" }),
  end: once(timeSchema.optional()).meta({ description: "Exclusive. Default: the start of today, UTC" }),
  limit: once(wholeNumber(1, 1000).default(100)).meta({ description: "Points per page" }),
  cursor: once(z.string().min(1).max(2000).optional()).meta({ description: "`next_cursor` of the previous page" }),
});

const described = describe({
  summary: "Data quality of each point by UTC day, the worst point first",
  access: "read",
  path: { site: "A site's name" },
  query: querySchema,
  headers: IF_NONE_MATCH,
  answers: {
    200: { description: "A page", content: { "application/json": qualityAnswerSchema } },
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

/** `GET /sites/{site}/quality`: data quality of each point by UTC day, the worst point first. */
export const qualityRoute = new Hono<Bounded>().get("/sites/:site/quality", described, async (context) => {
  const settings = settingsOf(context.env);
  const { points: names, start, end, limit, cursor } = parseInput(querySchema, context.req.queries());
  const range = daysOf(start, end, Date.now(), names !== undefined);
  const after = cursor === undefined ? null : parseCursor(cursor);
  const site = await siteOf(settings, context.req.param("site"), "site");
  const siteId = site.id ?? 0;
  const found =
    names && pointsNamed(site.name, await findPoints(site.db, site.name, candidateNames(names)), names, "points");
  const named = found?.points;
  const length = range.to - range.from;
  if (named !== undefined && named.length * length > MAX_POINT_DAYS) {
    const most = Math.floor(MAX_POINT_DAYS / length);
    throw new Problem("too_much_data", `Over ${length} days, ask for at most ${most} points at once.`, "points");
  }
  const stages = new Stages(Date.now);
  const ids = named?.map(({ id }) => id) ?? null;
  const rows = named === undefined ? USUAL_POINTS : named.length * length;
  await stages.time("wait", () => context.var.admit(VALUES_PER_ROW * rows));
  const stored = await stages.time("d1", () => readQuality(site.db, siteId, range, ids));
  const judged = new Map(stored.days.map((day) => [day.day, day]));
  const { meanScore, points, judged: scored, poor, poorBy } = summarize(stored.points);
  const { page, hasMore } = worstFirst(stored.points, limit, after);
  const last = page.at(-1);
  const byPoint = Map.groupBy(stored.pointDays, ({ pointId }) => pointId);
  const answer: z.infer<typeof qualityAnswerSchema> = {
    site_name: site.name,
    days: Array.from({ length }, (_, i) => shownDay(range.from + i, judged.get(range.from + i))),
    summary: { mean_score: meanScore, points, judged: scored, threshold: POOR_SCORE, poor, poor_by: poorBy },
    points: page.map((point) => {
      const days = byPoint.get(point.id) ?? [];
      return {
        ...shownPoint(point),
        ...(named === undefined
          ? {}
          : {
              days: days.map((day) => {
                return { date: dayText(day.day), stale: judged.get(day.day)?.isCurrent !== true, ...shown(day) };
              }),
            }),
      };
    }),
    ...(found === undefined ? {} : { unknown_points: [...found.unknown] }),
    next_cursor: hasMore && last !== undefined ? `${last.score ?? ""}|${last.name}` : null,
  };
  const text = JSON.stringify(answer);
  return answerOfState(context, stages, { route: "quality", asked: null, state: text }, async () => {
    return { text, isPartial: false };
  });
});

/** @throws {Problem} `invalid_request`, `span_too_long` */
function daysOf(start: number | undefined, end: number | undefined, now: number, isNamed: boolean) {
  const to = end === undefined ? dayOf(now) : dayOf(end - 1) + 1;
  const from = start === undefined ? Math.max(0, to - DEFAULT_DAYS) : dayOf(start);
  if ((start ?? dayStart(from)) >= (end ?? dayStart(to))) {
    throw new Problem("invalid_request", "end: is not after start; the range is [start, end).", "end");
  }
  if (from < 0 || to > DAYS) {
    const detail = `${from < 0 ? "start" : "end"}: days are stored from 1970-01-01 to ${dayText(DAYS - 1)}.`;
    throw new Problem("invalid_request", detail, from < 0 ? "start" : "end");
  }
  const most = isNamed ? MAX_NAMED_DAYS : MAX_DAYS;
  if (to - from > most) {
    const until = dayText(Math.min(DAYS - 1, from + most));
    const hint = isNamed ? "" : " of all points, or name some";
    const detail = `Ask for at most ${most} days at once, up to end=${until}${hint}.`;
    throw new Problem("span_too_long", detail, "end");
  }
  return { from, to };
}

/** @throws {Problem} `invalid_request` */
function parseCursor(text: string): { score: number | null; name: string } {
  const match = /^([01](?:\.\d+)?|)\|(.+)$/s.exec(text);
  if (match === null) throw new Problem("invalid_request", "cursor: is not the next_cursor of an answer.", "cursor");
  const [, score = "", name = ""] = match;
  return { score: score === "" ? null : Number(score), name };
}

function shownDay(day: number, judged: QualityDay | undefined) {
  const state = judged === undefined ? "unjudged" : judged.isCurrent ? "judged" : "stale";
  const at = judged === undefined ? null : new Date(judged.judgedAt).toISOString();
  return { date: dayText(day), state, judged_at: at } as const;
}

function shownPoint(point: PointQuality) {
  const { name, label, unit, days, silentDays } = point;
  const reasons = [...reasonsOf(point).values()];
  return { name, label, unit, days_judged: days, days_silent: silentDays, ...shown(point), reasons };
}

function shown(quality: PointDayQuality): z.infer<typeof qualitySchema> {
  const { score, expected, actual, missing, outOfRange, outliers, spikes, flatS, late } = quality;
  const judged = [
    ...(expected === null ? [] : (["completeness"] as const)),
    ...(outOfRange === null ? [] : (["range"] as const)),
    ...(outliers === null ? [] : (["outliers"] as const)),
    ...(flatS === null ? [] : (["flat_line"] as const)),
  ];
  const flat_line_hours = flatS === null ? null : Math.round(flatS / 36) / 100;
  return {
    score,
    expected,
    actual,
    missing,
    out_of_range: outOfRange,
    outliers,
    spikes,
    flat_line_hours,
    late,
    judged,
  };
}
