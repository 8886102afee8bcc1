import type { ShapedSeries } from "@building-vitals/core/query/shape";
import { utcTexts } from "./clock-text.ts";
import { csvField, csvText } from "./csv-text.ts";
import { freeColumns } from "./free-columns.ts";
import type { FurtherColumn } from "./series-columns.ts";
import { TextBytes } from "./text-bytes.ts";
import { type AnswerTimes, localTimes } from "./write-csv.ts";

/** Further columns that only formats with all columns have. */
const LEFT_OUT: ReadonlySet<string> = new Set(["count", "coverage", "low", "high", "at"]);

interface WideColumn extends FurtherColumn {
  readonly heading: string;
  readonly pointName: string;
}

/**
 * `layout=wide`: a row for each time of any series, ascending.
 * - `start`, `end` (empty for raw samples) and `local_start`, in ISO 8601.
 * - A column `label [unit] aggregate` a series, in the order of the request; then one for each further aggregate, for
 * flags and for filled values. A missing value is empty.
 * @param isLast no code uses the series' columns afterwards: they are freed
 */
export function* writeWideCsv(
  series: readonly ShapedSeries[],
  times: AnswerTimes,
  isLast: boolean,
): Generator<Uint8Array> {
  const { bounds } = times;
  const columns = series.map((one) => columnsOf(one, bounds === null ? "" : "avg"));
  const out = new TextBytes();
  out.add(`${["start", "end", "local_start", ...headings(columns.flat())].join()}\r\n`);
  const [utc, local] = [utcTexts(), localTimes(times)];
  const endOf = bounds === null ? () => "" : bucketEnds(bounds);
  const next = series.map(() => 0);
  for (;;) {
    let time = Number.POSITIVE_INFINITY;
    for (let s = 0; s < series.length; s++) {
      const candidate = series[s]!.times[next[s]!];
      if (candidate !== undefined && candidate < time) time = candidate;
    }
    if (time === Number.POSITIVE_INFINITY) break;
    out.add(`${utc(time)},${endOf(time)},${local(time)}`);
    for (let s = 0; s < series.length; s++) {
      const i = next[s]!;
      const isThere = series[s]!.times[i] === time;
      for (const { values } of columns[s]!) out.add(isThere ? `,${csvField(values, i)}` : ",");
      if (isThere) next[s] = i + 1;
    }
    out.add("\r\n");
    if (out.isFull) yield out.take();
  }
  yield out.take();
  if (isLast) for (const one of series) freeColumns(one);
}

/** Returns a function that writes the end of the bucket with a start. The starts must ascend. */
function bucketEnds(bounds: Float64Array): (start: number) => string {
  const utc = utcTexts();
  let bucket = 0;
  return (start) => {
    while (bounds[bucket]! < start) bucket++;
    return utc(bounds[bucket + 1]!);
  };
}

function columnsOf({ point, unit, values, facts, more = [], filled }: ShapedSeries, usualAgg: string): WideColumn[] {
  const label = point.label ?? point.name.split("/").findLast((part) => part.trim() !== "") ?? point.name;
  const agg = facts?.["agg"] ?? usualAgg;
  const heading = [label, ...(unit === null ? [] : [`[${unit}]`]), ...(agg === "" ? [] : [agg])].join(" ");
  const further = [
    ...more.filter(({ name }) => !LEFT_OUT.has(name)),
    ...(filled === undefined ? [] : [{ name: "filled", values: filled }]),
  ];
  return [
    { name: "value", values, heading, pointName: point.name },
    ...further.map((column) => ({ ...column, heading: `${label} ${column.name}`, pointName: point.name })),
  ];
}

/** The headings as CSV fields. Two equal ones get the whole names of their points. */
function headings(columns: readonly WideColumn[]): string[] {
  const times = Map.groupBy(columns, ({ heading }) => heading);
  return columns.map(({ heading, pointName }) =>
    csvText(times.get(heading)!.length === 1 ? heading : `${heading} (${pointName})`),
  );
}
