import { dayStart } from "../domain/day.ts";
import { hourOf } from "../domain/hour.ts";
import { encodeBody, type PointPart } from "./segment-body.ts";
import { blockOf } from "../domain/block.ts";
import { segmentKey } from "./segment-key.ts";

/**
 * Samples of a segment, so that a body has at most 500,000 characters: a sample has up to 37 (a double of 25, an offset
 * of 8 and 4 of JSON), and each of 128 points up to 13 more.
 */
const MAX_SAMPLES = 13_000;

/** Samples of one block and day that become one row. */
export interface NewSegment {
  readonly block: number;
  readonly day: number;
  /** when their request was sent, epoch ms; 0: they do not come from the API */
  readonly asked: number;
  readonly parts: readonly PointPart[];
}

/** Cuts the parts of a day into segments. @param parts ascending by point */
export function segmentsOf(day: number, asked: number, parts: readonly PointPart[]): NewSegment[] {
  return [...Map.groupBy(parts, ({ pointId }) => blockOf(pointId))].flatMap(([block, ofBlock]) =>
    pieces(ofBlock).map((piece) => ({ block, day, asked, parts: piece })),
  );
}

function pieces(parts: readonly PointPart[]): PointPart[][] {
  const all: PointPart[][] = [];
  let free = 0;
  for (const { pointId, offsets, values } of parts) {
    for (let at = 0; at < offsets.length;) {
      if (free === 0) {
        all.push([]);
        free = MAX_SAMPLES;
      }
      const end = Math.min(at + free, offsets.length);
      all.at(-1)!.push({ pointId, offsets: offsets.slice(at, end), values: values.slice(at, end) });
      free -= end - at;
      at = end;
    }
  }
  return all;
}

/** The starts of the hours in which a segment has samples, epoch ms. */
export function hoursOfSegment({ day, parts }: NewSegment): Set<number> {
  return new Set(parts.flatMap(({ offsets }) => offsets.map((offset) => dayStart(day) + hourOf(offset))));
}

/** A row in the form of `insertSegments`. */
export function segmentJson({ block, day, asked, parts }: NewSegment, stamp: number): string {
  const first = parts.reduce((least, { offsets }) => Math.min(least, offsets[0]!), Number.POSITIVE_INFINITY);
  const last = parts.reduce((most, { offsets }) => Math.max(most, offsets.at(-1)!), 0);
  return `[${segmentKey(block, day, stamp)},${asked},${first},${last},${encodeBody(parts)}]`;
}
