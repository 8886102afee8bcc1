import type { TimeRange } from "@building-vitals/core/domain/time-range";
import type { ShapedSeries } from "@building-vitals/core/query/shape";
import { localTexts, utcTexts } from "./clock-text.ts";
import { csvField, csvText } from "./csv-text.ts";
import { freeColumns } from "./free-columns.ts";
import { furtherColumns } from "./series-columns.ts";
import { byName } from "./series-order.ts";
import { TextBytes, valueText } from "./text-bytes.ts";

/** The times of an answer, and the zone that its local times are in. */
export interface AnswerTimes {
  readonly range: TimeRange;
  readonly timeZone: string;
  /** of the buckets; null: raw */
  readonly bounds: Float64Array | null;
}

/** Writes local times of an answer. A bucket may begin before the range. */
export function localTimes({ range, timeZone, bounds }: AnswerTimes): (time: number) => string {
  return localTexts({ start: bounds?.[0] ?? range.start, end: range.end }, timeZone);
}

/**
 * `layout=long` (RFC 4180): a row per sample, ordered by point name, then time.
 * - `timestamp` is in epoch milliseconds, `time` the same in ISO 8601 UTC, `local_time` with the zone's offset.
 * - A missing value, label or unit is empty.
 * @param isLast no code uses the series' columns afterwards: each is freed when it is written
 */
export function* writeCsv(series: readonly ShapedSeries[], times: AnswerTimes, isLast: boolean): Generator<Uint8Array> {
  const further = series.slice(0, 1).flatMap((first) => furtherColumns(first).map(({ name }) => name));
  const out = new TextBytes();
  const head = ["point_name", "label", "timestamp", "time", "local_time", "value", "unit", ...further];
  out.add(`${head.join()}\r\n`);
  const [utc, local] = [utcTexts(), localTimes(times)];
  for (const pointSeries of byName(series)) {
    const { point, unit, values } = pointSeries;
    const start = `${csvText(point.name)},${csvText(point.label ?? "")},`;
    const unitText = `,${csvText(unit ?? "")}`;
    const columns = furtherColumns(pointSeries);
    for (const [i, time] of pointSeries.times.entries()) {
      out.add(start);
      out.add(`${time},`);
      out.add(utc(time));
      out.add(",");
      out.add(local(time));
      out.add(",");
      out.add(valueText(values[i]!, ""));
      out.add(unitText);
      for (const column of columns) out.add(`,${csvField(column.values, i)}`);
      out.add("\r\n");
      if (out.isFull) yield out.take();
    }
    if (isLast) freeColumns(pointSeries);
  }
  yield out.take();
}
