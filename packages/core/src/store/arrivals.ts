import { DAY_MS, dayOf } from "../domain/day.ts";
import type { PointSamples } from "../domain/samples.ts";
import type { PointPart } from "./segment-body.ts";

/** Samples of one arrival, grouped by UTC day and point, without duplicates of a (point, millisecond). */
export interface GroupedSamples {
  /** by day (whole days since 1970) and point id, both ascending; offsets are strictly ascending */
  readonly days: ReadonlyMap<number, readonly PointPart[]>;
  /** samples equal to an earlier one */
  readonly repeated: number;
  /** samples that replaced an earlier one with another value, because the later arrival wins */
  readonly replaced: number;
}

interface Group {
  readonly pointId: number;
  offsets: number[];
  values: number[];
  isAscending: boolean;
}

/** Groups samples, which may be in any order. It sorts only points whose times do not ascend. */
export function groupByDay(samples: PointSamples): GroupedSamples {
  const groups = new Map<number, Map<number, Group>>();
  for (let i = 0; i < samples.length; i++) {
    const time = samples.times[i]!;
    const pointId = samples.pointIds[i]!;
    const day = dayOf(time);
    let points = groups.get(day);
    if (points === undefined) groups.set(day, (points = new Map()));
    let group = points.get(pointId);
    if (group === undefined) points.set(pointId, (group = { pointId, offsets: [], values: [], isAscending: true }));
    const offset = time - day * DAY_MS;
    if (group.offsets.length > 0 && offset <= group.offsets.at(-1)!) group.isAscending = false;
    group.offsets.push(offset);
    group.values.push(samples.values[i]!);
  }
  let repeated = 0;
  let replaced = 0;
  const days = new Map<number, PointPart[]>();
  for (const [day, points] of [...groups].sort(([a], [b]) => a - b)) {
    const parts = [...points.values()].sort((a, b) => a.pointId - b.pointId);
    for (const part of parts) {
      if (part.isAscending) continue;
      const latest = new Map<number, number>();
      for (const [i, offset] of part.offsets.entries()) {
        const earlier = latest.get(offset);
        if (earlier !== undefined && Object.is(earlier, part.values[i])) repeated++;
        else if (earlier !== undefined) replaced++;
        latest.set(offset, part.values[i]!);
      }
      part.offsets = [...latest.keys()].sort((a, b) => a - b);
      part.values = part.offsets.map((offset) => latest.get(offset)!);
    }
    days.set(
      day,
      parts.map(({ pointId, offsets, values }) => ({ pointId, offsets, values })),
    );
  }
  return { days, repeated, replaced };
}

/**
 * Cuts samples into at least one piece, in order.
 * @param grouped an element per arrival, like each piece @param maxSamples of a piece
 */
export function cutGroups(grouped: readonly GroupedSamples[], maxSamples: number): (readonly GroupedSamples[])[] {
  const parts = grouped.flatMap(({ days }, arrival) =>
    [...days].flatMap(([day, ofDay]) => ofDay.map((part) => ({ arrival, day, part }))),
  );
  const total = parts.reduce((sum, { part }) => sum + part.offsets.length, 0);
  if (total <= maxSamples) return [grouped];
  // A repeated or replaced sample counts once, so in the first piece.
  let piece = grouped.map(({ repeated, replaced }) => ({ days: new Map<number, PointPart[]>(), repeated, replaced }));
  const pieces = [piece];
  let free = maxSamples;
  for (const { arrival, day, part } of parts) {
    for (let at = 0; at < part.offsets.length;) {
      if (free === 0) {
        piece = grouped.map(() => ({ days: new Map<number, PointPart[]>(), repeated: 0, replaced: 0 }));
        pieces.push(piece);
        free = maxSamples;
      }
      const { days } = piece[arrival]!;
      const end = Math.min(at + free, part.offsets.length);
      const cut = { pointId: part.pointId, offsets: part.offsets.slice(at, end), values: part.values.slice(at, end) };
      const ofDay = days.get(day);
      if (ofDay === undefined) days.set(day, [cut]);
      else ofDay.push(cut);
      free -= end - at;
      at = end;
    }
  }
  return pieces;
}
