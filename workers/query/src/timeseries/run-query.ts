import { databaseOf } from "@building-vitals/core/d1/site-databases";
import { dayRange } from "@building-vitals/core/domain/day";
import { overlap } from "@building-vitals/core/domain/time-range";
import type { SiteConfig } from "@building-vitals/core/domain/site";
import { knownUntil } from "@building-vitals/core/query/coverage";
import { executeQuery, type QueryAnswer } from "@building-vitals/core/query/execute";
import type { JudgeablePoint } from "@building-vitals/core/query/judge-point";
import { withUnitChanges } from "@building-vitals/core/query/past-units";
import type { PlanInput } from "@building-vitals/core/query/plan-input";
import { planQuery, type QueryPlan, readRangeOf, readWithPlan, sampledDays } from "@building-vitals/core/query/plan";
import { dayVersion, type QueryState, readQueryState } from "@building-vitals/core/query/query-state";
import { type ShapedSeries, shapeSeries } from "@building-vitals/core/query/shape";
import { type BeforeRange, findBeforeRange } from "@building-vitals/core/read/before-range";
import { coldLevel } from "@building-vitals/core/read/cold-level";
import { readStored } from "@building-vitals/core/read/stored";
import type { QueryStores } from "../deadline.ts";
import type { Settings } from "../env.ts";
import { etagOf } from "../etag.ts";
import { foundNames } from "../found-points.ts";
import { pointsNamed } from "../point-names.ts";
import { candidateNames } from "../read-names.ts";
import { configuredSite } from "../site.ts";
import type { Stages } from "../stages.ts";
import { aggregatedPoints, needsBefore, stateRange } from "./aggregation.ts";
import { type Metadata, metadataOf } from "./metadata.ts";
import type { TimeseriesRequest } from "./request.ts";
import { resolveTimes } from "./resolve-times.ts";

/** A request with the stored state of its site, points and days. */
export interface ResolvedQuery {
  readonly site: SiteConfig;
  readonly db: D1Database;
  readonly siteId: number;
  readonly timeZone: string;
  readonly points: readonly JudgeablePoint[];
  /** requested names that no point of the site has */
  readonly unknown: readonly string[];
  readonly state: QueryState;
  /** samples before this are known to be stored or missing, epoch ms */
  readonly until: number;
  /** where `locf` finds the values that it carries into the range; null: no values are carried */
  readonly before: BeforeRange | null;
  /** the planner's input, without the stored data */
  readonly planned: Omit<PlanInput<JudgeablePoint>, "stored">;
}

/**
 * Finds the site and points of a request, and reads the state of the stored days. Samples are read later: an answer can
 * be newer than its ETag, never older.
 * @param started start of the request, epoch ms
 * @throws {Problem} for an unknown site, and for unknown or ambiguous names
 */
export async function findQuery(
  settings: Settings,
  request: TimeseriesRequest,
  stages: Stages,
  started: number,
): Promise<ResolvedQuery> {
  const { point_names: names, search, filter, tz, maxPoints, fill } = request;
  const site = configuredSite(settings, request.site_name, "site_name");
  const db = databaseOf(settings, site);
  const timeZone = tz ?? site.timezone;
  const { range, bounds } = await stages.time("catalog", () => resolveTimes(db, site.name, request, timeZone, started));
  const found =
    names === undefined ? await stages.time("catalog", () => foundNames(db, site.name, { search, filter })) : [];
  const candidates = names === undefined ? found : candidateNames(names);
  const state = await stages.time("catalog", () =>
    readQueryState(db, site.name, candidates, stateRange(range, request)),
  );
  // A site without an id has no points. No site has id 0.
  const { siteId: knownId, watermark } = state;
  const siteId = knownId ?? 0;
  const named =
    names === undefined
      ? { points: found.flatMap((name) => state.points.get(name) ?? []), unknown: [] }
      : pointsNamed(site.name, state.points, names, "point_names");
  const points = aggregatedPoints(named.points, request);
  const ids = points.map(({ id }) => id);
  const before =
    fill === "locf" || needsBefore(points)
      ? await stages.time("catalog", () => findBeforeRange(db, siteId, ids, range.start))
      : null;
  // Custom buckets have the limits of 1month, the longest interval.
  const interval = request.interval === "bounds" ? "1month" : request.interval;
  const planned = { points, range, interval, bounds, maxPoints, fill, timeZone, watermark };
  const days = state.days.filter(({ day }) => overlap(dayRange(day), range));
  const until = knownUntil(range, days, watermark);
  return { site, db, siteId, timeZone, points, unknown: named.unknown, state, until, before, planned };
}

/** The ETag of the answer. It covers everything that the answer depends on. */
export async function queryEtag(
  settings: Settings,
  request: TimeseriesRequest,
  { timeZone, unknown, points, state, until, before, planned }: ResolvedQuery,
): Promise<string> {
  const { point_names: _names, tz: _tz, times: _times, ...asked } = request;
  return etagOf(settings, "timeseries", { ...asked, range: planned.range, timeZone, unknown }, [
    points,
    state.days.map(dayVersion),
    state.hours.map(({ hour, version, isRolledUp }) => [hour, version, isRolledUp]),
    until,
    before?.state ?? null,
  ]);
}

interface ReadAnswer {
  readonly plan: QueryPlan<JudgeablePoint>;
  readonly answer: QueryAnswer;
}

/** Plans the query and reads its samples. @param started start of the request, epoch ms */
export async function readAnswer(
  { db, bucket }: QueryStores,
  { siteId, points, planned, state, before }: ResolvedQuery,
  stages: Stages,
  started: number,
): Promise<ReadAnswer> {
  const range = readRangeOf(planned);
  const ids = points.map(({ id }) => id);
  const [wanted, located] = [readWithPlan(planned, state.hours.length > 0), sampledDays(planned)];
  const stored = await stages.time("plan", () => readStored(db, siteId, ids, range, wanted, located));
  const plan = planQuery({ ...planned, stored: withUnitChanges(stored, points, range) });
  return { plan, answer: await executeQuery(coldLevel(db, bucket, siteId), plan, started, before) };
}

/** Thins, fills and converts the series, and describes the answer. @param started start of the request, epoch ms */
export async function shapeAnswer(
  { plan, answer }: ReadAnswer,
  { thinTo, fill, units, interval: asked }: TimeseriesRequest,
  { points, unknown, planned: { range } }: ResolvedQuery,
  stages: Stages,
  started: number,
): Promise<{ readonly series: readonly ShapedSeries[]; readonly metadata: Metadata }> {
  const until = answer.until >= range.end ? Number.POSITIVE_INFINITY : answer.until;
  const { series, downsampled } = await stages.time("compute", async () =>
    shapeSeries(answer.series, { bounds: plan.bounds, until }, { thinTo, fill, units }),
  );
  const facts = { downsampled, fill, units, unknown_points: unknown };
  const interval = asked === "bounds" ? asked : plan.interval;
  return { series, metadata: metadataOf(answer, { ...plan, interval }, points, facts, Date.now() - started) };
}
