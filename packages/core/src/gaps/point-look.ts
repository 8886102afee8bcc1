import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import type { Gap } from "./gap.ts";
import type { JudgedPoint } from "./judged-points.ts";
import { findSilences, hoursToRead, type KnownHour } from "./silence.ts";

/** What is looked at of a site, and what is known of its hours. */
export interface Look {
  /** what changed */
  readonly part: TimeRange;
  /** what is known around it, without a hole */
  readonly domain: TimeRange;
  /** whether more is known right beyond an end of it */
  readonly goesOn: { readonly start: boolean; readonly end: boolean };
  /** start of the first hour of the points' counts, epoch ms */
  readonly countsFrom: number;
  /** hours of which the counts say nothing, so that they are read */
  readonly rawHours: ReadonlySet<number>;
  /** gaps of the whole site that may have changed */
  readonly siteGaps: readonly Gap[];
}

/** What is to be read of a point, and judged. */
export interface PointLook {
  readonly point: JudgedPoint;
  readonly looked: TimeRange;
  /** starts of hours, ascending */
  readonly toRead: readonly number[];
}

/**
 * How far the look at a point reaches: as far beyond what changed as it may be silent. null: it has no samples before the
 * end of it.
 * @param gaps the point's own, that may have changed
 */
export function planPoint(look: Look, point: JudgedPoint, gaps: readonly Gap[]): PointLook | null {
  const { part, domain, countsFrom, rawHours, siteGaps } = look;
  const reach = Math.ceil(point.toleranceMs / HOUR_MS) * HOUR_MS;
  const looked = {
    start: Math.max(domain.start, part.start - reach, point.firstSeen),
    // What follows a point's first sample was not looked at before, for it had none.
    end: point.firstSeen >= part.start ? domain.end : Math.min(domain.end, part.end + reach),
  };
  if (looked.start >= looked.end) return null;
  const hours = hoursOf(looked);
  const counts = hours.map((hour) => (rawHours.has(hour) ? null : countOf(point, hour, countsFrom)));
  const toRead = new Set(hoursToRead(counts, point.cadenceMs).map((i) => hours[i]!));
  // Of what is in a known gap, each sample is counted.
  for (const gap of [...gaps, ...siteGaps]) {
    for (const bound of [gap.start, gap.end]) {
      const hour = Number.isFinite(bound) ? hourOf(bound) : Number.NaN;
      if (bound > looked.start && bound < looked.end && countOf(point, hour, countsFrom) > 0) toRead.add(hour);
    }
  }
  return { point, looked, toRead: [...toRead].sort((a, b) => a - b) };
}

function countOf(point: JudgedPoint, hour: number, countsFrom: number): number {
  return point.counts[(hour - countsFrom) / HOUR_MS] ?? 0;
}

/** What a look at a point came to; `looked` is what of it the look can tell of ({@link toldPart}). */
export interface LookedPoint extends PointLook {
  /** with the times of those hours only in which a known gap begins or ends */
  readonly hours: readonly KnownHour[];
  readonly silences: readonly TimeRange[];
  /** whether more is known beyond an end of `looked` */
  readonly isCut: { readonly start: boolean; readonly end: boolean };
}

/** @param times of the hours that were to be read; those without a sample are absent */
export function judgePoint(
  plan: PointLook,
  look: Look,
  times: ReadonlyMap<number, Float64Array>,
  gaps: readonly Gap[],
): LookedPoint {
  const { point, looked, toRead } = plan;
  const { domain, goesOn } = look;
  const read = new Set(toRead);
  const hours: KnownHour[] = [];
  for (const hour of hoursOf(looked)) {
    const own = times.get(hour);
    if (own !== undefined) hours.push({ hour, n: own.length, times: own });
    else if (!read.has(hour)) {
      const n = countOf(point, hour, look.countsFrom);
      if (n > 0) hours.push({ hour, n, times: null });
    }
  }
  const bounds = new Set([...gaps, ...look.siteGaps].flatMap(({ start, end }) => [hourOf(start), hourOf(end)]));
  const silences = findSilences(hours, looked, point.toleranceMs);
  const isCut = {
    start: looked.start !== point.firstSeen && (looked.start !== domain.start || goesOn.start),
    end: looked.end !== domain.end || goesOn.end,
  };
  return {
    ...plan,
    looked: toldPart(looked, isCut, hours, silences),
    isCut,
    silences,
    hours: hours.map((known) => (bounds.has(known.hour) ? known : { ...known, times: null })),
  };
}

/**
 * Where a look ends in the middle of what is known, and the samples beside its end are no gap as far as they were looked at,
 * they may be a part of one that goes on beyond: of that the look tells nothing.
 */
function toldPart(
  looked: TimeRange,
  isCut: LookedPoint["isCut"],
  hours: readonly KnownHour[],
  silences: readonly TimeRange[],
): TimeRange {
  const [first] = hours;
  const last = hours.at(-1);
  if (first === undefined || last === undefined) return looked;
  const firstTime = first.times?.find((time) => time >= looked.start) ?? first.hour;
  const lastTime = last.times?.findLast((time) => time < looked.end) ?? last.hour + HOUR_MS - 1;
  const { start, end } = looked;
  return {
    start: isCut.start && silences[0]?.start !== start ? Math.max(start, firstTime) : start,
    end: isCut.end && silences.at(-1)?.end !== end ? Math.min(end, lastTime + 1) : end,
  };
}
