import type { SampleSource } from "../sample-source.ts";
import type { Visibility } from "../faults/visibility.ts";

/** All rows of one time: the pieces that pages are made of. Never without a row. */
export interface Frame {
  /** epoch microseconds */
  readonly timeUs: number;
  /** point numbers, ascending, a row each */
  readonly points: ArrayLike<number>;
  /** the served value of one of `points` */
  valueText(point: number): string;
}

/** The raw scrapes of [fromUs, untilUs), ascending, each under its own time. Lazily made. */
export function* rawFrames(
  source: SampleSource,
  visibility: Visibility,
  fromUs: number,
  untilUs: number,
): Generator<Frame> {
  const until = Math.min(untilUs, visibility.endUs);
  for (let scrape = source.scrapeAtOrAfter(fromUs); source.timeOf(scrape) < until; scrape++) {
    const timeUs = source.timeOf(scrape);
    const points = visibility.pointsServed(source.pointsAt(scrape), timeUs);
    if (points.length > 0) yield { timeUs, points, valueText: (point) => source.valueText(point, scrape) };
  }
}

const BUCKET_US = 300 * 1_000_000;

/**
 * The 5-minute buckets whose start lies in [fromUs, untilUs), under their start, each with the last value of every
 * point that has a sample in it. (Which aggregate the real service takes is not documented.)
 */
export function* bucketFrames(
  source: SampleSource,
  visibility: Visibility,
  fromUs: number,
  untilUs: number,
): Generator<Frame> {
  let next = Math.ceil(fromUs / BUCKET_US) * BUCKET_US;
  for (;;) {
    const bucket = Math.floor(source.timeOf(source.scrapeAtOrAfter(next)) / BUCKET_US) * BUCKET_US;
    if (!(bucket < Math.min(untilUs, visibility.endUs))) return;
    next = bucket + BUCKET_US;
    const last = new Map<number, Frame>();
    for (const frame of rawFrames(source, visibility, bucket, next)) {
      for (let i = 0; i < frame.points.length; i++) last.set(frame.points[i]!, frame);
    }
    if (last.size === 0) continue;
    const points = [...last.keys()].sort((a, b) => a - b);
    yield { timeUs: bucket, points, valueText: (point) => last.get(point)!.valueText(point) };
  }
}
