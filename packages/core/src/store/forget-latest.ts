import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { blockOf, blocksOf } from "../domain/block.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { log } from "../telemetry/log.ts";
import { hotHoursStatement, parseHotHours } from "./hot-hours.ts";
import { type LatestSample, LatestRows, latestStatement } from "./latest.ts";
import { readSeriesOfHours } from "./read-segments.ts";
import { clockStatement, expectClock, isClockMoved, parseClock, raiseClock } from "./site-clock.ts";

/** Points held in memory at once: 12 MB for two open days at a sample a minute. */
const POINTS_AT_ONCE = 160;

/** Attempts, because concurrent stores make one fail. */
const TRIES = 10;

const idsSchema = z.array(z.object({ id: z.int() }));

/**
 * Recomputes newest samples that were deleted or whose row is damaged. Safe to repeat.
 * @param isGone whether a newest sample was deleted
 * @throws the error of D1, after retries
 */
export async function forgetLatest(
  db: D1Database,
  siteId: number,
  isGone: (latest: LatestSample) => boolean,
): Promise<void> {
  const points = await withD1Retry(() => db.prepare("SELECT id FROM points WHERE site_id = ?1").bind(siteId).all());
  const all = idsSchema.parse(points.results).map(({ id }) => id);
  const blocks = blocksOf(all);
  const always = { start: 0, end: Number.MAX_SAFE_INTEGER };
  for (let tries = 0; tries < TRIES; tries++) {
    const [clock, rows, hourRows] = await withD1Retry(() =>
      db.batch([clockStatement(db, siteId), latestStatement(db, blocks), hotHoursStatement(db, siteId, always)]),
    );
    const latest = new LatestRows(rows?.results);
    const gone = latest.all().filter(isGone);
    const ids = [...gone.map(({ pointId }) => pointId), ...all.filter((id) => latest.damaged.has(blockOf(id)))];
    if (ids.length === 0) return;
    if (latest.damaged.size > 0) log("latest_rows_damaged", { siteId, blocks: [...latest.damaged].join(", ") });
    const hours = parseHotHours(hourRows?.results).map(({ hour }) => hour);
    const range = { start: 0, end: (hours.at(-1) ?? 0) + HOUR_MS };
    for (let first = 0; first < ids.length; first += POINTS_AT_ONCE) {
      const some = ids.slice(first, first + POINTS_AT_ONCE);
      for (const [pointId, { times, values, asked }] of await readSeriesOfHours(db, siteId, some, hours, range)) {
        const [time, value, at] = [times.at(-1), values.at(-1), asked.at(-1)];
        const isKnown = time !== undefined && value !== undefined && at !== undefined;
        latest.set(pointId, isKnown ? { pointId, time, value, asked: at } : undefined);
      }
    }
    const write = latest.write(db, blocksOf(ids));
    const expected = expectClock(db, siteId, parseClock(clock?.results));
    try {
      // Raising the clock makes a store fail that has read the old rows, or it would write them back.
      await withD1Retry(() => db.batch([expected, raiseClock(db, siteId), write]));
      return;
    } catch (error) {
      if (!isClockMoved(error)) throw error;
    }
  }
  throw new Error(`newest samples of site ${siteId}: other runs stored samples during each of ${TRIES} attempts`);
}
