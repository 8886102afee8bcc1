import type { ScrapeSource } from "../scrape-source.ts";
import type { Visibility } from "../faults/visibility.ts";

/** All rows of one time, at least one. Pages consist of frames. */
export interface Frame {
  /** epoch microseconds */
  readonly timeUs: number;
  /** point numbers, ascending, one per row */
  readonly points: ArrayLike<number>;
  /** the served value of one of `points` */
  valueText(point: number): string;
}

/** The raw scrapes of [fromUs, untilUs) in order of time, generated on demand. */
export function* rawFrames(
  source: ScrapeSource,
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
 * The 5-minute buckets that start in [fromUs, untilUs), in order of time. Each has the last value of every point with a
 * sample in it. The real service's aggregate is not documented.
 */
export function* bucketFrames(
  source: ScrapeSource,
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
