import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS, dayRange } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import type { ColdLevel } from "../read/cold-level.ts";
import type { ReadTally } from "../read/read-samples.ts";
import { type Gap, type GapCause, WHOLE_SITE } from "./gap.ts";
import { currentGapsStatement, parseGaps } from "./gap-store.ts";
import { type JudgedPoints, readJudgedPoints } from "./judged-points.ts";
import { type ChangedDay, knownPart, type KnownDays } from "./known-days.ts";
import { scanPoint, type ScanScope, type ScannedPoint, planPoint, reachOf, widened } from "./scan-point.ts";
import { intersectRanges, unionRanges } from "./range-set.ts";
import { readHours } from "./read-hours.ts";
import { type Changes, type Findings, reconcile } from "./reconcile.ts";
import { countSamples } from "./silence.ts";
import { siteTolerance, splitSilences } from "./site-silence.ts";

/** Result of a day's scan. */
export interface DayScan {
  /** the site's changes first, then the points', longest total silence first */
  readonly changes: readonly Changes[];
  readonly judged: JudgedPoints;
  /** closed hours with rollups, ascending */
  readonly summedUp: readonly number[];
}

/** Scans the changed part of a day and its surroundings. @throws {UnreadableDayError}; the error of D1, after retries */
export async function scanDay(
  cold: ColdLevel,
  stored: KnownDays,
  changed: ChangedDay,
  now: number,
  tally: ReadTally,
): Promise<DayScan> {
  const { siteId, db } = cold;
  const { day, part } = changed;
  const domain = knownAround(stored, changed);
  const { rawHours, summedUp } = splitHours(stored, day, domain);
  const { results } = await withD1Retry(() => currentGapsStatement(db, siteId, domain).all());
  const gaps = Map.groupBy(parseGaps(results), ({ pointId }) => pointId);
  const siteGaps = gaps.get(WHOLE_SITE) ?? [];
  const judged = await readJudgedPoints(db, siteId, { first: day - 1, last: day + 1 });
  const toleranceMs = siteTolerance(judged.points);
  const siteReachMs = reachOf(toleranceMs);
  const scope: ScanScope = { part, domain, siteReachMs, countsFrom: judged.from, rawHours, siteGaps };
  const points = await scanPoints(cold, scope, judged, gaps, tally);
  const [siteRange] = intersectRanges([widened(part, siteReachMs)], [domain]);
  if (siteRange === undefined) throw new Error("gap scan: the changed part of the day lies outside its known range");
  const split = splitSilences(
    points.map(({ point, scannedRange, silences }) => {
      const dead = deadRanges(gaps.get(point.id) ?? []);
      return { pointId: point.id, scannedRange, silences, toleranceMs: point.toleranceMs, dead };
    }),
    toleranceMs,
    siteRange,
    siteGaps,
  );
  const causeOf = split.site.length === 0 ? () => "unknown" as const : await failedWindows(db, siteId, domain);
  const end: KnownEnd = { siteId, until: stored.until, isReached: domain.end === stored.until, now };
  const site = siteChanges(end, { points, gaps: siteGaps, range: siteRange, silences: split.site, causeOf });
  return { changes: [site, ...pointChanges(end, points, split.points, gaps)], judged, summedUp };
}

/** The known range of a day, with the neighbouring days' where these adjoin without a hole. */
function knownAround(stored: KnownDays, { day, known }: ChangedDay): TimeRange {
  const before = knownPart(stored, day - 1);
  const after = known.end === dayRange(day).end ? knownPart(stored, day + 1) : null;
  return { start: before?.end === known.start ? before.start : known.start, end: after?.end ?? known.end };
}

/** Hours whose counts are not usable, and closed hours with rollups; both as starts, epoch ms. */
function splitHours(
  stored: KnownDays,
  day: number,
  domain: TimeRange,
): { readonly rawHours: ReadonlySet<number>; readonly summedUp: number[] } {
  const hot = [day - 1, day, day + 1].flatMap((neighbour) => stored.hotHours.get(neighbour) ?? []);
  const withoutRollups = hot.filter(({ hour, isRolledUp }) => !isRolledUp || hour + HOUR_MS > domain.end);
  const rawHours = new Set(withoutRollups.map(({ hour }) => hour));
  const summedUp = hoursOf(domain).filter((hour) => hour + HOUR_MS <= domain.end && !rawHours.has(hour));
  return { rawHours, summedUp };
}

/** Where the site's known time ends. */
interface KnownEnd {
  readonly siteId: number;
  /** epoch ms */
  readonly until: number;
  /** whether the scanned domain ends there */
  readonly isReached: boolean;
  /** epoch ms */
  readonly now: number;
}

/** A range that reaches the end of the known time is ongoing: its end becomes Infinity. */
function ongoing({ until, isReached }: KnownEnd, { start, end }: TimeRange): TimeRange {
  return { start, end: isReached && end === until ? Number.POSITIVE_INFINITY : end };
}

interface SiteScan {
  readonly points: readonly ScannedPoint[];
  /** of the whole site */
  readonly gaps: readonly Gap[];
  readonly range: TimeRange;
  readonly silences: readonly TimeRange[];
  readonly causeOf: (range: TimeRange) => GapCause;
}

function siteChanges(end: KnownEnd, { points, gaps, range, silences, causeOf }: SiteScan): Changes {
  const findings: Findings = {
    siteId: end.siteId,
    pointId: WHOLE_SITE,
    scannedRange: ongoing(end, range),
    silences: silences.map((silence) => ongoing(end, silence)),
    // A shared silence may be shorter than each point's own, and the points' gaps leave it out.
    toleranceMs: 0,
    countSamples: (ranges) => points.reduce((sum, { hours }) => sum + countSamples(hours, ranges), 0),
    cause: causeOf,
  };
  return reconcile(gaps, findings, end.until, end.now);
}

/** The changes of each point with any, longest total silence first. @param silences and `gaps`: by point */
function pointChanges(
  end: KnownEnd,
  points: readonly ScannedPoint[],
  silences: ReadonlyMap<number, readonly TimeRange[]>,
  gaps: ReadonlyMap<number, readonly Gap[]>,
): Changes[] {
  const changed = points.flatMap(({ point, reportedRange, hours }) => {
    const reported = intersectRanges(silences.get(point.id)!, [reportedRange]);
    const known = gaps.get(point.id) ?? [];
    if (reported.length === 0 && known.length === 0) return [];
    const scannedRange = ongoing(end, reportedRange);
    const findings: Findings = {
      siteId: end.siteId,
      pointId: point.id,
      scannedRange,
      silences: reported.map((silence) => ongoing(end, silence)),
      toleranceMs: point.toleranceMs,
      countSamples: (ranges) => countSamples(hours, ranges),
      cause: () => "point_silent",
    };
    const touching = known.filter((gap) => gap.start <= scannedRange.end && gap.end >= scannedRange.start);
    const changes = reconcile(touching, findings, end.until, end.now);
    const silentMs = reported.reduce((sum, range) => sum + range.end - range.start, 0);
    return changes.written.length + changes.removed.length === 0 ? [] : [{ changes, silentMs }];
  });
  return changed.sort((a, b) => b.silentMs - a.silentMs).map(({ changes }) => changes);
}

/** A point says nothing about the site once its own gap lasts longer than a day. @param gaps of the point */
function deadRanges(gaps: readonly Gap[]): TimeRange[] {
  const open = gaps.filter(({ state }) => state === "open");
  return unionRanges(open.flatMap(({ start, end }) => (end - start > DAY_MS ? [{ start: start + DAY_MS, end }] : [])));
}

async function scanPoints(
  cold: ColdLevel,
  scope: ScanScope,
  judged: JudgedPoints,
  gaps: ReadonlyMap<number, readonly Gap[]>,
  tally: ReadTally,
): Promise<ScannedPoint[]> {
  const plans = judged.points.flatMap((point) => planPoint(scope, point, gaps.get(point.id) ?? []) ?? []);
  const scanned = new Map<number, ScannedPoint>();
  const judge = (plan: (typeof plans)[number], times: ReadonlyMap<number, Float64Array>) =>
    scanned.set(plan.point.id, scanPoint(plan, scope, times, gaps.get(plan.point.id) ?? []));
  const byId = new Map(plans.map((plan) => [plan.point.id, plan]));
  const wanted = plans.map(({ point, toRead }) => ({ point, hours: toRead }));
  for await (const { pointId, hours } of readHours(cold, wanted, tally)) judge(byId.get(pointId)!, hours);
  for (const plan of plans) if (!scanned.has(plan.point.id)) judge(plan, new Map());
  return plans.flatMap(({ point }) => scanned.get(point.id) ?? []);
}

const runsSchema = z.array(z.object({ window_start: z.int(), window_end: z.int() }));

/** Failed syncs. ?1: site, ?2 and ?3: range of their start. */
const FAILED_RUNS = `
SELECT window_start, window_end FROM sync_runs
WHERE site_id = ?1 AND started_at >= ?2 AND started_at < ?3 AND complete = 0 AND errors <> '[]'
  AND window_start IS NOT NULL AND window_end IS NOT NULL`;

/** Reads the failed syncs of a range. Returns a function that gives the cause of a silence of the site. */
async function failedWindows(
  db: D1Database,
  siteId: number,
  { start, end }: TimeRange,
): Promise<(range: TimeRange) => GapCause> {
  const { results } = await withD1Retry(() =>
    db
      .prepare(FAILED_RUNS)
      .bind(siteId, start, end + HOUR_MS)
      .all(),
  );
  const runs = runsSchema.parse(results);
  return (range) =>
    runs.some((run) => run.window_start < range.end && run.window_end > range.start) ? "failed_window" : "unknown";
}
