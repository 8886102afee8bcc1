import { mergeSeries } from "../domain/merge-series.ts";
import type { Series } from "../domain/samples.ts";
import type { PointOrder } from "./point-order.ts";
import type { SpillReader } from "./spill-reader.ts";
import { compareUtf8 } from "./utf8-order.ts";

interface NamedSeries {
  readonly name: string;
  readonly series: Series;
}

/** The spills of a build, each list of distinct hours, ascending. */
export interface SpillLayers {
  /** the API's hours that were asked for before the day's present file was: they only add what all other layers lack */
  readonly stale: readonly SpillReader[];
  /** they add what the layers above lack */
  readonly under: readonly SpillReader[];
  /** over the day's present file */
  readonly api: readonly SpillReader[];
  /** over all */
  readonly over: readonly SpillReader[];
}

/**
 * The samples of a day, point by point in the order of their names. Of samples at one (point, millisecond) that of the highest layer
 * counts; the day's present file lies between `under` and `api`. Holds one point, and of each spill a block and a range.
 * @param base the present file's points in the order of their names, each in a series of its own
 */
export async function* mergePoints(
  order: PointOrder,
  layers: SpillLayers,
  base: AsyncIterator<NamedSeries> | null,
): AsyncGenerator<NamedSeries> {
  const nextOld = async (): Promise<NamedSeries | null> => {
    const next = await base?.next();
    return next === undefined || next.done === true ? null : next.value;
  };
  const spills = [...layers.stale, ...layers.under, ...layers.api, ...layers.over];
  let old = await nextOld();
  for (const { id, name } of order.points) {
    // points that only the file knows
    while (old !== null && compareUtf8(old.name, name) < 0) {
      yield old;
      old = await nextOld();
    }
    const isOld = old?.name === name;
    const parts = [
      await takePoint(layers.stale.filter((spill) => spill.pointId === id)),
      await takePoint(layers.under.filter((spill) => spill.pointId === id)),
      isOld ? old!.series : null,
      await takePoint(layers.api.filter((spill) => spill.pointId === id)),
      await takePoint(layers.over.filter((spill) => spill.pointId === id)),
    ].filter((part) => part !== null);
    if (parts.length > 0) yield { name, series: parts.reduce((below, above) => mergeSeries(below, above)) };
    if (isOld) old = await nextOld();
  }
  for (; old !== null; old = await nextOld()) yield old;
  // a spill that is not at its end has a point that was not met in order: its samples would be lost
  if (spills.some((spill) => spill.pointId !== null)) throw new RangeError("a spill is not in the order of the names");
}

/** The samples of the point that comes next in all of these spills; null without one. */
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
