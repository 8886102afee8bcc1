import { StoredHoursError } from "../rollups/hour-aggregates.ts";
import type { ColdLevel } from "../read/cold-level.ts";
import { newTally } from "../read/read-samples.ts";
import { logError } from "../telemetry/log.ts";
import { joinCompleteness, judgeHours } from "../domain/completeness.ts";
import { DAY_MS, dayText } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { mergeRanges } from "../domain/time-range.ts";
import { noteCoverage } from "./gap-sites.ts";
import { writeChanges } from "./write-gaps.ts";
import { changedDays, readKnownDays } from "./known-days.ts";
import { type DayScan, scanDay } from "./scan-day.ts";
import { UnreadableDayError } from "./read-hours.ts";

/** Limit of rows that one run writes to `gaps` for a site. The last day may exceed it slightly. */
const MAX_ROWS_PER_RUN = 200;

/**
 * Days per run. Each takes 10 to 20 of the 1,000 statements that an invocation may make; the hourly rollup needs some
 * too.
 */
const MAX_DAYS_PER_RUN = 12;

/** R2 requests after which no further day begins. */
const MAX_REQUESTS_PER_RUN = 500;

/** Share of gap detection in the 15 minutes of an hourly cron. */
const DETECT_BUDGET_MS = 120_000;

/** Result of gap detection for one site. */
export interface Detection {
  /** changed days that were scanned */
  readonly days: number;
  /** changed days that are left to the next run */
  readonly remaining: number;
  /** new or changed rows of `gaps` */
  readonly rowsWritten: number;
  /** days that could not be read, each with its reason */
  readonly unreadable: readonly { readonly day: string; readonly reason: string }[];
}

/**
 * Scans all days of a site that changed since their last scan, newest first.
 * - Safe to repeat, and to run beside other jobs.
 * - A day is written in one batch, which fails if another detection wrote first.
 * @param until watermark less lookback, epoch ms; null: nothing is synced
 * @throws the error of D1, after retries; days written before stay
 */
export async function detectGaps(cold: ColdLevel, until: number | null, now: () => number): Promise<Detection> {
  const { db, siteId } = cold;
  const started = now();
  const stored = await readKnownDays(db, siteId, until);
  let token = stored.site.token;
  let [days, remaining, rowsWritten] = [0, 0, 0];
  const unreadable: { day: string; reason: string }[] = [];
  const tally = { hot: { statements: 0, rowsRead: 0 }, cold: { requests: 0, bytes: 0 } };
  for (const changed of await changedDays(db, stored)) {
    const isSpent =
      days >= MAX_DAYS_PER_RUN ||
      rowsWritten >= MAX_ROWS_PER_RUN ||
      tally.cold.requests >= MAX_REQUESTS_PER_RUN ||
      now() - started >= DETECT_BUDGET_MS;
    if (isSpent) {
      remaining++;
      continue;
    }
    let scan: DayScan;
    try {
      scan = await scanDay(cold, stored, changed, now(), { ...newTally(), ...tally });
    } catch (error) {
      if (!(error instanceof UnreadableDayError || error instanceof StoredHoursError)) throw error;
      logError("gap_day_unreadable", error, { siteId, day: dayText(changed.day) });
      unreadable.push({ day: dayText(changed.day), reason: error.message });
      continue;
    }
    const taken = scan.changes.slice(0, countToWrite(scan, MAX_ROWS_PER_RUN - rowsWritten));
    const removed = taken.flatMap((changes) => changes.removed);
    const written = taken.flatMap((changes) => changes.written);
    const isAll = taken.length === scan.changes.length;
    const fingerprint = isAll ? { day: changed.day, fingerprint: JSON.stringify(changed.fingerprint) } : null;
    const next = await writeChanges(db, siteId, token, { removed, written }, fingerprint, now());
    // Another detection wrote first. It finds the same gaps.
    if (next === null) break;
    token = next;
    rowsWritten += written.length;
    days++;
    if (!isAll) remaining++;
    if (changed.known.end === stored.until) await noteLastDay(db, siteId, scan);
  }
  return { days, remaining, rowsWritten, unreadable };
}

/** Counts all changes of the site, then those of points up to the limit. */
function countToWrite({ changes }: DayScan, room: number): number {
  let rows = 0;
  const over = changes.findIndex(({ written }, i) => (rows += written.length) > room && i > 0);
  return over === -1 ? changes.length : over;
}

/** Stores how complete the last 24 hours are, from the hours with rollups. */
async function noteLastDay(db: D1Database, siteId: number, { judged, summedUp }: DayScan): Promise<void> {
  const last = summedUp.at(-1);
  if (last === undefined) return;
  const until = last + HOUR_MS;
  const first = until - DAY_MS;
  const stretches = mergeRanges(
    summedUp.flatMap((hour) => (hour < first ? [] : [{ start: hour, end: hour + HOUR_MS }])),
  );
  const { expected, present } = joinCompleteness(
    judged.points.flatMap((point) => {
      const hours = point.counts.flatMap((n, i) =>
        n === 0 ? [] : [{ hour: judged.from + i * HOUR_MS, n, times: null }],
      );
      // A count cannot judge the hour of a point's first sample, because only part of that hour is expected.
      const from = Math.ceil(point.firstSeen / HOUR_MS) * HOUR_MS;
      return stretches
        .filter(({ end }) => end > from)
        .map(({ start, end }) => judgeHours(hours, { start: Math.max(start, from), end }, point, until));
    }),
  );
  await noteCoverage(db, siteId, { until, expected, present, unjudged: judged.unjudged });
}
