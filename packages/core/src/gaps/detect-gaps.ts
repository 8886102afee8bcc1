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
import { changedDays, readSiteDays } from "./known-days.ts";
import { type DayScan, scanDay } from "./scan-day.ts";
import { UnreadableDayError } from "./read-hours.ts";

/** Rows of `gaps` that a run writes of a site, or little more; the next run goes on. */
const MAX_ROWS_PER_RUN = 200;

/** Days that a look takes: each is 10 to 20 statements of the 1,000 that an invocation may make, for the fold too. */
const MAX_DAYS_PER_RUN = 12;

/** Requests to R2 after which no other day is begun. */
const MAX_REQUESTS_PER_RUN = 500;

/** An hourly cron may run for 15 minutes, and does other work besides. */
const DETECT_BUDGET_MS = 120_000;

/** What looking for gaps came to. */
export interface Detection {
  /** days that were looked at, for they had changed */
  readonly days: number;
  /** days that have changed and were not finished: the next run looks at them */
  readonly remaining: number;
  /** rows of gaps that are new or changed */
  readonly rowsWritten: number;
  /** days that could not be read, with the reason */
  readonly unreadable: readonly { readonly day: string; readonly reason: string }[];
}

/**
 * Looks for gaps in all days of a site that changed since they were looked at, newest first. Safe to repeat, and to run
 * beside anything: what is written of a day is written at once, and only where no other detection was faster.
 * @param until what the sync has fetched reaches up to here, less its lookback, epoch ms; null: it has fetched nothing
 * @throws the error of D1, after retries; what was written before stays
 */
export async function detectGaps(cold: ColdLevel, until: number | null, now: () => number): Promise<Detection> {
  const { db, siteId } = cold;
  const started = now();
  const stored = await readSiteDays(db, siteId, until);
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
    let look: DayScan;
    try {
      const ofDay = { ...newTally(), ...tally };
      look = await scanDay(cold, stored, changed, now(), ofDay);
    } catch (error) {
      if (!(error instanceof UnreadableDayError || error instanceof StoredHoursError)) throw error;
      logError("gap_day_unreadable", error, { siteId, day: dayText(changed.day) });
      unreadable.push({ day: dayText(changed.day), reason: error.message });
      continue;
    }
    const taken = look.changes.slice(0, countToWrite(look, MAX_ROWS_PER_RUN - rowsWritten));
    const removed = taken.flatMap((changes) => changes.removed);
    const written = taken.flatMap((changes) => changes.written);
    const isAll = taken.length === look.changes.length;
    const fingerprint = isAll ? { day: changed.day, fingerprint: JSON.stringify(changed.fingerprint) } : null;
    const next = await writeChanges(db, siteId, token, { removed, written }, fingerprint, now());
    // Another detection is at work: it sees what this one does.
    if (next === null) break;
    token = next;
    rowsWritten += written.length;
    days++;
    if (!isAll) remaining++;
    if (changed.known.end === stored.until) await noteLastDay(db, siteId, look);
  }
  return { days, remaining, rowsWritten, unreadable };
}

/** The site's changes always; of the points' as many as fit. */
function countToWrite({ changes }: DayScan, room: number): number {
  let rows = 0;
  const over = changes.findIndex(({ written }, i) => (rows += written.length) > room && i > 0);
  return over === -1 ? changes.length : over;
}

/** Notes how complete the last day is, by the hours that are summed up. */
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
      // Part of the hour of its first sample cannot be judged by a count.
      const from = Math.ceil(point.firstSeen / HOUR_MS) * HOUR_MS;
      return stretches
        .filter(({ end }) => end > from)
        .map(({ start, end }) => judgeHours(hours, { start: Math.max(start, from), end }, point, until));
    }),
  );
  await noteCoverage(db, siteId, { until, expected, present, unjudged: judged.unjudged });
}
