import { mergeSeries } from "../domain/merge-series.ts";
import type { Series } from "../domain/samples.ts";
import type { PointOrder } from "./point-order.ts";
import type { SpillReader } from "./spill-reader.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";

interface NamedSeries {
  readonly name: string;
  readonly series: Series;
}

/** A point of the merged day. */
export interface DayPointSeries extends NamedSeries {
  /** samples that the API's hours added, and samples whose value they replaced */
  readonly found: number;
}

/** The spills of a build by layer, lowest first. Each list has distinct hours, ascending. */
export interface SpillLayers {
  /** segments that were requested before everything else */
  readonly under: readonly SpillReader[];
  /** the API's hours that were requested before the day's present file */
  readonly stale: readonly SpillReader[];
  /** segments between those hours and the file */
  readonly afterStale: readonly SpillReader[];
  /** segments between the file and the API's other hours */
  readonly afterFile: readonly SpillReader[];
  readonly api: readonly SpillReader[];
  /** segments that were requested after everything else */
  readonly over: readonly SpillReader[];
}

/**
 * Yields the samples of a day, point by point in the order of their names. At equal times the highest layer wins; the
 * day's present file lies between `afterStale` and `afterFile`. Holds one point, and a block and a range of each spill.
 * @param base the present file's points in the order of their names, each in its own series
 */
export async function* mergePoints(
  order: PointOrder,
  layers: SpillLayers,
  base: AsyncIterator<NamedSeries> | null,
): AsyncGenerator<DayPointSeries> {
  const nextOld = async (): Promise<NamedSeries | null> => {
    const next = await base?.next();
    return next === undefined || next.done === true ? null : next.value;
  };
  const all = Object.values(layers).flat();
  let old = await nextOld();
  for (const { id, name } of order.points) {
    // points that only the file has
    while (old !== null && compareUtf8(old.name, name) < 0) {
      yield { ...old, found: 0 };
      old = await nextOld();
    }
    const isOld = old?.name === name;
    const take = (spills: readonly SpillReader[]) => takePoint(spills.filter((spill) => spill.pointId === id));
    const under = await take(layers.under);
    const stale = await take(layers.stale);
    const afterStale = await take(layers.afterStale);
    const file = isOld ? old!.series : null;
    const afterFile = await take(layers.afterFile);
    const api = await take(layers.api);
    const over = await take(layers.over);
    const series = mergeLayers([under, stale, afterStale, file, afterFile, api, over]);
    const isServed = stale !== null || api !== null;
    if (series !== null) {
      yield {
        name,
        series,
        found: isServed ? countNew(mergeLayers([under, afterStale, file, afterFile, over]), series) : 0,
      };
    }
    if (isOld) old = await nextOld();
  }
  for (; old !== null; old = await nextOld()) yield { ...old, found: 0 };
  // A spill with points left over is out of order: its samples would be lost.
  if (all.some((spill) => spill.pointId !== null)) throw new RangeError("a spill is not in the order of the names");
}

/** @param layers lowest first @returns null if no layer has a sample */
function mergeLayers(layers: readonly (Series | null)[]): Series | null {
  return layers.reduce<Series | null>(
    (below, above) => (below === null || above === null ? (below ?? above) : mergeSeries(below, above)),
    null,
  );
}

/**
 * Counts samples that `known` lacks or has with another value. @param known null: no sample; otherwise `series` has all
 * of its times
 */
function countNew(known: Series | null, { times, values }: Series): number {
  if (known === null) return times.length;
  let count = 0;
  let at = 0;
  for (const [i, time] of times.entries()) {
    const isKnown = known.times[at] === time;
    if (!isKnown || !Object.is(known.values[at], values[i])) count++;
    if (isKnown) at++;
  }
  return count;
}

/** The samples of the next point of all these spills; null: no spill has it. */
async function takePoint(spills: readonly SpillReader[]): Promise<Series | null> {
  if (spills.length === 0) return null;
  const length = spills.reduce((sum, { pointRows }) => sum + pointRows, 0);
  const series = { times: new Float64Array(length), values: new Float64Array(length) };
  let at = 0;
  for (const spill of spills) {
    const { pointRows } = spill;
    await spill.take(series, at);
    at += pointRows;
  }
  return series;
}
