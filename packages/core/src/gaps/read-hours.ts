import { dayOf } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { ColdLevel } from "../read/cold-level.ts";
import { type NamedPoint, planBlocks } from "../read/cold-plan.ts";
import { type ReadTally, readSamples } from "../read/read-samples.ts";
import { readStored } from "../read/stored.ts";

/**
 * At least this many points that need the same hours are read together. All other points share the union of their
 * hours.
 */
const SHARED_BY = 50;

export interface WantedHours {
  readonly point: NamedPoint;
  /** starts, ascending, epoch ms */
  readonly hours: readonly number[];
}

/** A day's file is not readable now. */
export class UnreadableDayError extends Error {
  override readonly name = "UnreadableDayError";
}

/**
 * Sample times of some hours, hot and cold levels merged, by point and hour. An hour without samples is absent.
 * @throws {UnreadableDayError}; the error of D1, after retries
 */
export async function* readHours(
  cold: ColdLevel,
  wanted: readonly WantedHours[],
  tally: ReadTally,
): AsyncGenerator<{ readonly pointId: number; readonly hours: ReadonlyMap<number, Float64Array> }> {
  for (const { points, hours } of groupsOf(wanted)) yield* readGroup(cold, points, hours, tally);
}

function groupsOf(wanted: readonly WantedHours[]): { points: NamedPoint[]; hours: number[] }[] {
  const groups: { points: NamedPoint[]; hours: number[] }[] = [];
  const rest: WantedHours[] = [];
  const withHours = wanted.filter(({ hours }) => hours.length > 0);
  for (const same of Map.groupBy(withHours, ({ hours }) => hours.join()).values()) {
    if (same.length < SHARED_BY) rest.push(...same);
    else groups.push({ points: same.map(({ point }) => point), hours: [...same[0]!.hours] });
  }
  if (rest.length > 0) {
    const hours = [...new Set(rest.flatMap((point) => point.hours))].sort((a, b) => a - b);
    groups.push({ points: rest.map(({ point }) => point), hours });
  }
  return groups;
}

async function* readGroup(
  cold: ColdLevel,
  points: readonly NamedPoint[],
  wanted: readonly number[],
  tally: ReadTally,
): AsyncGenerator<{ readonly pointId: number; readonly hours: ReadonlyMap<number, Float64Array> }> {
  const range = { start: wanted[0]!, end: wanted.at(-1)! + HOUR_MS };
  const only = new Set(wanted);
  const ids = points.map(({ id }) => id);
  const stored = await readStored(cold.db, cold.siteId, ids, range, "locators");
  const wantedDays = new Set(wanted.map(dayOf));
  const days = stored.days.filter(({ day }) => wantedDays.has(day));
  const suspect = days.find(({ state }) => state === "suspect");
  if (suspect !== undefined) throw new UnreadableDayError(suspect.reason ?? "the day is suspect");
  const hours = stored.hours.filter((hour) => only.has(hour));
  const pointDays = (stored.pointDays ?? []).filter(({ day }) => wantedDays.has(day));
  for (const block of planBlocks(days, pointDays, points, hours.length)) {
    const samples = await readSamples(cold, { range, hours, only, days, hotSamples: null }, block, tally);
    const [unreadable] = tally.unreadable.values();
    if (unreadable !== undefined) throw new UnreadableDayError(unreadable.reason);
    for (const { id } of block.points) {
      const times = samples.get(id)?.times ?? new Float64Array(0);
      yield { pointId: id, hours: byHour(times) };
    }
  }
}

function byHour(times: Float64Array): ReadonlyMap<number, Float64Array> {
  const hours = new Map<number, Float64Array>();
  for (let from = 0; from < times.length;) {
    const hour = hourOf(times[from]!);
    let to = from + 1;
    while (to < times.length && times[to]! < hour + HOUR_MS) to++;
    hours.set(hour, times.subarray(from, to));
    from = to;
  }
  return hours;
}
