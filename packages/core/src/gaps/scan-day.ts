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
import { type ChangedDay, knownPart, type SiteDays } from "./known-days.ts";
import { judgePoint, type ScanScope, type ScannedPoint, planPoint, reachOf, widened } from "./scan-point.ts";
import { intersectRanges, unionRanges } from "./range-set.ts";
import { readHours } from "./read-hours.ts";
import { type Changes, reconcile } from "./reconcile.ts";
import { samplesIn } from "./silence.ts";
import { siteTolerance, splitSilences } from "./site-silence.ts";

/** What a look at a day came to. */
export interface DayScan {
  /** the site's changes first, and then the points', the longest silences first */
  readonly changes: readonly Changes[];
  readonly judged: JudgedPoints;
  /** hours that are known, closed and summed up, ascending */
  readonly summedUp: readonly number[];
}

/**
 * Looks for gaps in and around the part of a day that changed.
 * @throws {UnreadableDayError}; the error of D1, after retries
 */
export async function scanDay(
  cold: ColdLevel,
  stored: SiteDays,
  { day, known, part }: ChangedDay,
  now: number,
  tally: ReadTally,
): Promise<DayScan> {
  const { siteId, db } = cold;
  const before = knownPart(stored, day - 1);
  const after = known.end === dayRange(day).end ? knownPart(stored, day + 1) : null;
  const domain = { start: before?.end === known.start ? before.start : known.start, end: after?.end ?? known.end };
  const hot = [day - 1, day, day + 1].flatMap((one) => stored.hotHours.get(one) ?? []);
  const withoutRollups = hot
    .filter(({ hour, isRolledUp }) => !isRolledUp || hour + HOUR_MS > domain.end)
    .map(({ hour }) => hour);
  const rawHours = new Set(withoutRollups);
  const summedUp = hoursOf(domain).filter((hour) => hour + HOUR_MS <= domain.end && !rawHours.has(hour));
  const gaps = await withD1Retry(() => currentGapsStatement(db, siteId, domain).all());
  const byPoint = Map.groupBy(parseGaps(gaps.results), ({ pointId }) => pointId);
  const judged = await readJudgedPoints(db, siteId, { first: day - 1, last: day + 1 });
  const siteGaps = byPoint.get(WHOLE_SITE) ?? [];
  const toleranceMs = siteTolerance(judged.points);
  const siteReachMs = reachOf(toleranceMs);
  const look: ScanScope = { part, domain, siteReachMs, countsFrom: judged.from, rawHours, siteGaps };
  const points = await scanPoints(cold, look, judged, byPoint, tally);

  // A gap that reaches the end of all that is known, goes on.
  const frontier = domain.end === stored.until ? domain.end : Number.NaN;
  const open = ({ start, end }: TimeRange) => ({ start, end: end === frontier ? Number.POSITIVE_INFINITY : end });
  const [reportedOfSite] = intersectRanges([widened(part, siteReachMs)], [domain]);
  if (reportedOfSite === undefined) throw new Error("what changed of a day is not known");
  const split = splitSilences(
    points.map(({ point, scannedRange, silences }) => {
      const dead = deadRanges(byPoint.get(point.id) ?? []);
      return { pointId: point.id, scannedRange, silences, toleranceMs: point.toleranceMs, dead };
    }),
    toleranceMs,
    reportedOfSite,
    siteGaps,
  );
  const causeOf = split.site.length === 0 ? () => "unknown" as const : await failedWindows(db, siteId, domain);
  const site = reconcile(
    siteGaps,
    {
      siteId,
      pointId: WHOLE_SITE,
      scannedRange: open(reportedOfSite),
      silences: split.site.map(open),
      // What points share of their silences may be shorter than any of them, and their own gaps leave it out.
      toleranceMs: 0,
      samplesIn: (ranges) => points.reduce((sum, { hours }) => sum + samplesIn(hours, ranges), 0),
      cause: causeOf,
    },
    stored.until,
    now,
  );
  const own = points.flatMap(({ point, reportedRange, hours }) => {
    const silences = intersectRanges(split.points.get(point.id)!, [reportedRange]);
    const knownGaps = byPoint.get(point.id) ?? [];
    if (silences.length === 0 && knownGaps.length === 0) return [];
    const changes = reconcile(
      knownGaps.filter(({ start, end }) => start <= open(reportedRange).end && end >= reportedRange.start),
      {
        siteId,
        pointId: point.id,
        scannedRange: open(reportedRange),
        silences: silences.map(open),
        toleranceMs: point.toleranceMs,
        samplesIn: (ranges) => samplesIn(hours, ranges),
        cause: () => "point_silent",
      },
      stored.until,
      now,
    );
    const silent = silences.reduce((sum, { start, end }) => sum + end - start, 0);
    return changes.written.length + changes.removed.length === 0 ? [] : [{ changes, silent }];
  });
  own.sort((a, b) => b.silent - a.silent);
  const changes = [site, ...own.map((one) => one.changes)];
  return { changes, judged, summedUp };
}

/** A point that has been silent by itself for a day says nothing of the site. @param gaps its own */
function deadRanges(gaps: readonly Gap[]): TimeRange[] {
  const open = gaps.filter(({ state }) => state === "open");
  return unionRanges(open.flatMap(({ start, end }) => (end - start > DAY_MS ? [{ start: start + DAY_MS, end }] : [])));
}

async function scanPoints(
  cold: ColdLevel,
  look: ScanScope,
  judged: JudgedPoints,
  gaps: ReadonlyMap<number, readonly Gap[]>,
  tally: ReadTally,
): Promise<ScannedPoint[]> {
  const plans = judged.points.flatMap((point) => planPoint(look, point, gaps.get(point.id) ?? []) ?? []);
  const scanned = new Map<number, ScannedPoint>();
  const judge = (plan: (typeof plans)[number], times: ReadonlyMap<number, Float64Array>) =>
    scanned.set(plan.point.id, judgePoint(plan, look, times, gaps.get(plan.point.id) ?? []));
  const byId = new Map(plans.map((plan) => [plan.point.id, plan]));
  const wanted = plans.map(({ point, toRead }) => ({ point, hours: toRead }));
  for await (const { pointId, hours } of readHours(cold, wanted, tally)) judge(byId.get(pointId)!, hours);
  for (const plan of plans) if (!scanned.has(plan.point.id)) judge(plan, new Map());
  return plans.flatMap(({ point }) => scanned.get(point.id) ?? []);
}

const runsSchema = z.array(z.object({ window_start: z.int(), window_end: z.int() }));

/** Syncs that failed. ?1: site, ?2 and ?3: range that they began in. */
const FAILED_RUNS = `
SELECT window_start, window_end FROM sync_runs
WHERE site_id = ?1 AND started_at >= ?2 AND started_at < ?3 AND complete = 0 AND errors <> '[]'
  AND window_start IS NOT NULL AND window_end IS NOT NULL`;

/** Tells of silences of the site, whether syncs of that time failed. */
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
