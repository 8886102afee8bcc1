import { readLastDays } from "../rollups/read-file-points.ts";
import { readFirstSeen } from "../catalog/seen.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";
import { dayOf } from "../domain/day.ts";
import type { LatestSample } from "../store/latest.ts";
import { readLatest } from "../store/read-latest.ts";
import type { ColdLevel } from "./cold-level.ts";
import { addWork, type NamedPoint, NO_WORK, planFiles, workOf } from "./cold-plan.ts";
import { MAX_COLD } from "./limits.ts";
import { markProved, type MisplacedDay, readBlock, type UnreadableDay } from "./read-block.ts";
import { readStoredDays } from "./stored.ts";

/** Points whose last day is read together: 2 MB at a sample a minute. */
const POINTS_AT_ONCE = 100;

export interface LatestAnswer {
  /** by point id; absent: the point has no sample, or see `partial` */
  readonly samples: ReadonlyMap<number, LatestSample>;
  /** whether the newest sample of some point was unreadable, or beyond the limits */
  readonly partial: boolean;
  readonly unreadable: readonly UnreadableDay[];
  readonly misplaced: readonly MisplacedDay[];
}

/**
 * Reads the newest sample of each point from both levels.
 * - Reads the cold level only for points without a hot sample after their last cold day: silent points, and points with
 * late hot samples.
 * - Reads the most recently silent points first, within the limits of a query.
 * @param newestFile the last day with a file, read before; null: none
 * @param now epoch ms
 * @throws the error of D1, after retries
 */
export async function readLatestOfBoth(
  cold: ColdLevel,
  points: readonly NamedPoint[],
  newestFile: number | null,
  now: number,
): Promise<LatestAnswer> {
  const ids = points.map(({ id }) => id);
  // Reads the hot level first: data settled after that is in both levels, never in neither.
  const samples = await readLatest(cold.db, ids);
  const silent = newestFile === null ? [] : ids.filter((id) => !samples.has(id));
  const firstSeen: ReadonlyMap<number, number> = silent.length === 0 ? new Map() : await readFirstSeen(cold.db, silent);
  // The newest sample of a point without hot samples may be in any file since its first one.
  const since = ids.flatMap((id) => {
    const from = samples.get(id)?.time ?? firstSeen.get(id);
    const day = from === undefined ? null : dayOf(from);
    return day === null || newestFile === null || day > newestFile ? [] : [{ id, day }];
  });
  const lastDays: ReadonlyMap<number, number> =
    newestFile === null || since.length === 0 ? new Map() : await readLastDays(cold.db, newestFile, since);
  const settled = points
    .flatMap((point) => {
      const lastDay = lastDays.get(point.id);
      return lastDay === undefined ? [] : [{ ...point, lastDay }];
    })
    .sort((a, b) => b.lastDay - a.lastDay || compareUtf8(a.name, b.name));
  const unreadable = new Map<number, UnreadableDay>();
  const misplaced: MisplacedDay[] = [];
  const cost = { requests: 0, bytes: 0 };
  let work = NO_WORK;
  let known = 0;
  for (let first = 0; first < settled.length; first += POINTS_AT_ONCE) {
    const block = settled.slice(first, first + POINTS_AT_ONCE);
    const wanted = block.map(({ id, lastDay }) => ({ pointId: id, day: lastDay }));
    const stored = await readStoredDays(cold.db, cold.siteId, wanted);
    const files = planFiles(stored.days, stored.pointDays, block);
    work = addWork(work, workOf([{ points: block, files }]));
    const isWithin = work.requests <= MAX_COLD.requests && work.bytes <= MAX_COLD.bytes && work.rows <= MAX_COLD.rows;
    const read = await readBlock(cold, isWithin ? files : [], block, cost);
    for (const damage of read.unreadable) unreadable.set(damage.day, damage);
    misplaced.push(...read.misplaced);
    const absent = new Map(read.misplaced.map((misplacedDay) => [misplacedDay.day, misplacedDay.absent]));
    for (const { id, name, lastDay } of block) {
      const ofDay = read.days.get(lastDay);
      if (ofDay === undefined || absent.get(lastDay)?.includes(name) === true) {
        // An older hot sample is not the newest one.
        samples.delete(id);
        continue;
      }
      known++;
      const { times, values } = ofDay.get(name) ?? {};
      const time = times?.at(-1);
      const value = values?.at(-1);
      const hot = samples.get(id);
      if (
        time === undefined ||
        value === undefined ||
        (hot !== undefined && (hot.time > time || (hot.time === time && hot.asked > read.askedAt(time))))
      )
        continue;
      samples.set(id, { pointId: id, time, value, asked: read.askedAt(time) });
    }
  }
  await markProved(cold, unreadable.values(), now);
  return { samples, partial: known < settled.length, unreadable: [...unreadable.values()], misplaced };
}
