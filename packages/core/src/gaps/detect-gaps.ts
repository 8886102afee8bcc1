import type { ColdLevel } from "../query/cold-level.ts";
import { newTally } from "../query/read-samples.ts";
import { logError } from "../telemetry/log.ts";
import { dayText } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { noteCoverage } from "./gap-sites.ts";
import { writeChanges } from "./gap-store.ts";
import { changedDays, readSiteDays } from "./known-days.ts";
import { type DayLook, lookAtDay } from "./look-at-day.ts";
import { UnreadableDayError } from "./read-hours.ts";

/** Rows of `gaps` that a run writes of a site, or little more; the next run goes on. */
const ROWS_A_RUN = 200;

/** Days that a look takes: each is 10 to 20 statements of the 1,000 that an invocation may make, for the fold too. */
const DAYS_A_RUN = 12;

/** Requests to R2 after which no other day is begun. */
const REQUESTS_A_RUN = 500;

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
      days >= DAYS_A_RUN ||
      rowsWritten >= ROWS_A_RUN ||
      tally.cold.requests >= REQUESTS_A_RUN ||
      now() - started >= DETECT_BUDGET_MS;
    if (isSpent) {
      remaining++;
      continue;
    }
    let look: DayLook;
    try {
      const ofDay = { ...newTally(), ...tally };
      look = await lookAtDay(cold, stored, changed, now(), ofDay);
    } catch (error) {
      if (!(error instanceof UnreadableDayError)) throw error;
      logError("gap_day_unreadable", error, { siteId, day: dayText(changed.day) });
      unreadable.push({ day: dayText(changed.day), reason: error.message });
      continue;
    }
    const taken = look.changes.slice(0, countToWrite(look, ROWS_A_RUN - rowsWritten));
    const removed = taken.flatMap((changes) => changes.removed);
    const written = taken.flatMap((changes) => changes.written);
    const isAll = taken.length === look.changes.length;
    const print = isAll ? { day: changed.day, print: JSON.stringify(changed.print) } : null;
    const next = await writeChanges(db, siteId, token, { removed, written }, print, now());
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
function countToWrite({ changes }: DayLook, room: number): number {
  let rows = 0;
  const over = changes.findIndex(({ written }, i) => (rows += written.length) > room && i > 0);
  return over === -1 ? changes.length : over;
}

const HOURS = 24;

/** How whole the last day is, hour by hour: what an hour has more than is expected does not make up for another. */
async function noteLastDay(db: D1Database, siteId: number, { judged, summedUp }: DayLook): Promise<void> {
  const last = summedUp.at(-1);
  if (last === undefined) return;
  const until = last + HOUR_MS;
  const hours = summedUp.filter((hour) => hour >= until - HOURS * HOUR_MS);
  let [expected, present] = [0, 0];
  for (const { cadenceMs, firstSeen, counts } of judged.points) {
    for (const hour of hours) {
      if (hour < firstSeen) continue;
      const most = HOUR_MS / cadenceMs;
      expected += most;
      present += Math.min(most, counts[(hour - judged.from) / HOUR_MS] ?? 0);
    }
  }
  await noteCoverage(db, siteId, {
    until,
    expected: Math.round(expected),
    present: Math.round(present),
    unjudged: judged.unjudged,
  });
}
