import { loadCatalog } from "../catalog/catalog.ts";
import { dayRange, HOURS_PER_DAY } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { PointSamples } from "../domain/samples.ts";
import { hotHoursStatement, parseHotHours } from "../store/hot-hours.ts";
import { areCopied, type DamagedSegment } from "../store/damaged-segments.ts";
import { readHour } from "../store/read-segments.ts";
import { clockStatement, parseClock, readMarked } from "../store/site-clock.ts";
import type { StoredSeries } from "../store/stored-series.ts";
import { DayBuildError } from "./day-build-error.ts";
import { freeBytes } from "../bytes/free-bytes.ts";
import { pointOrder } from "./point-order.ts";
import { sortHour } from "./sort-hour.ts";
import { encodeSpill } from "./spill-format.ts";
import { type DayBuild, SEGMENT_LAYERS, type SegmentLayer, segmentSpillKey } from "../r2/staging.ts";

/** A day's segments in the spills of a build. Plain data, so that a Workflow can store it between steps. */
export interface SpilledSegments {
  /** the spills or the day's file contain the segments with stamps up to this one */
  readonly settledStamp: number;
  /** value of the site's clock at that stamp */
  readonly mark: string;
  /** samples in the spills */
  readonly samples: number;
  /** the hours (0 to 23) in which each layer has samples, ascending */
  readonly layers: Readonly<Record<SegmentLayer, readonly number[]>>;
  /** when the samples of each hour were last requested, epoch ms; 0: no samples */
  readonly asked: readonly number[];
  /** unreadable segments up to the stamp: the reason by key */
  readonly damaged: readonly (readonly [key: number, reason: string])[];
}

interface SpillContext {
  readonly db: D1Database;
  readonly bucket: { put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<unknown> };
}

/**
 * Copies a site's samples of a day that are in segments and in no file into spills, as of the site's clock. Safe to
 * repeat: the spills are replaced.
 * @param asked when each hour of the day's present file and of the build's API hours was requested, epoch ms
 * @throws {DayBuildError} if a damaged segment could not be copied; the errors of D1 and R2
 */
export async function spillSegments(
  context: SpillContext,
  build: DayBuild,
  asked: readonly (readonly number[])[],
): Promise<SpilledSegments> {
  const { db } = context;
  const { mark, results } = await readMarked(db, build.site.id, [
    clockStatement(db, build.site.id),
    hotHoursStatement(db, build.site.id, dayRange(build.day)),
  ]);
  const [clock, rows] = results;
  const settledStamp = parseClock(clock?.results).stamp;
  const hours = parseHotHours(rows?.results).map(({ hour }) => hour);
  const layers: Record<SegmentLayer, number[]> = { under: [], between: [], over: [] };
  const last = Array.from({ length: HOURS_PER_DAY }, () => 0);
  const damaged = new Map<number, string>();
  const onDamaged = (some: readonly DamagedSegment[]) => some.forEach(({ key, reason }) => damaged.set(key, reason));
  let samples = 0;
  for (const start of hours) {
    const hour = new Date(start).getUTCHours();
    const others = asked.map((ofHours) => ofHours[hour] ?? 0);
    const spilled = await spillHour(context, build, start, settledStamp, others, onDamaged);
    for (const layer of SEGMENT_LAYERS) {
      if (spilled.counts[layer] > 0) layers[layer].push(hour);
      samples += spilled.counts[layer];
    }
    last[hour] = spilled.asked;
  }
  // The sweep after the publication deletes damaged segments too.
  if (damaged.size > 0 && !(await areCopied(db, [...damaged.keys()]))) {
    throw new DayBuildError("a segment cannot be read and could not be copied");
  }
  return { settledStamp, mark, samples, layers, asked: last, damaged: [...damaged] };
}

async function spillHour(
  { db, bucket }: SpillContext,
  build: DayBuild,
  start: number,
  upTo: number,
  others: readonly number[],
  onDamaged: (damaged: readonly DamagedSegment[]) => void,
) {
  const layers: Record<SegmentLayer, PointSamples[]> = { under: [], between: [], over: [] };
  const [first, lastOther] = [Math.min(...others), Math.max(...others)];
  let lastAsked = 0;
  for await (const points of readHour(db, build.site.id, start, onDamaged, upTo)) {
    layers.under.push(columnsOf(points, (asked) => asked <= first));
    layers.between.push(columnsOf(points, (asked) => asked > first && asked <= lastOther));
    layers.over.push(columnsOf(points, (asked) => asked > lastOther));
    for (const series of points.values()) {
      lastAsked = series.asked.reduce((most, asked) => Math.max(most, asked), lastAsked);
      for (const column of [series.times, series.values, series.asked]) freeBytes(column);
    }
  }
  const counts: Record<SegmentLayer, number> = { under: 0, between: 0, over: 0 };
  for (const layer of SEGMENT_LAYERS) {
    counts[layer] = layers[layer].reduce((sum, { length }) => sum + length, 0);
    if (counts[layer] === 0) continue;
    // read after the rows, so it has every point
    const order = pointOrder(await loadCatalog(db, build.site.id));
    const sorted = sortHour(layers[layer], order, { start, end: start + HOUR_MS });
    for (const { pointIds, times, values } of layers[layer]) {
      for (const column of [pointIds, times, values]) freeBytes(column);
    }
    const key = segmentSpillKey(build, new Date(start).getUTCHours(), layer);
    const spill = encodeSpill(start, sorted, { records: 0, rejected: {} });
    for (const column of [sorted.times, sorted.values]) freeBytes(column);
    await bucket.put(key, spill);
    freeBytes(spill);
  }
  return { counts, asked: lastAsked };
}

function columnsOf(points: ReadonlyMap<number, StoredSeries>, isWanted: (asked: number) => boolean): PointSamples {
  let length = 0;
  for (const { asked } of points.values()) length += asked.reduce((count, time) => count + (isWanted(time) ? 1 : 0), 0);
  const pointIds = new Int32Array(length);
  const times = new Float64Array(length);
  const values = new Float64Array(length);
  let n = 0;
  for (const [id, series] of points) {
    for (const [i, asked] of series.asked.entries()) {
      if (!isWanted(asked)) continue;
      pointIds[n] = id;
      times[n] = series.times[i]!;
      values[n++] = series.values[i]!;
    }
  }
  return { pointIds, times, values, length };
}
