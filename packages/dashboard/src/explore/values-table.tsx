import { formatTime, formatValue } from "../chart/format.ts";
import type { Pane } from "../chart/panes.ts";
import { indexAtOrAfter } from "../chart/series.ts";
import type { ShownSeries } from "../chart/shown-series.ts";
import type { Span } from "../chart/span.ts";
import { sampleAt } from "../chart/value-at.ts";
import { Icon } from "../ui/icon.tsx";

interface ValuesTableProps {
  readonly panes: readonly Pane<ShownSeries>[];
  readonly span: Span;
  readonly zone: string;
  /** null: the latest values are shown */
  readonly cursor: number | null;
  /** text in place of a value: no value, or unknown */
  readonly without: string;
  readonly titleOf: (name: string) => string;
  readonly onHighlight: (name: string | null) => void;
  readonly onRemove: (name: string) => void;
}

/** The values of all series at the cursor, or the latest ones, and their extremes in the range. */
export function ValuesTable(props: ValuesTableProps) {
  const { panes, span, zone, cursor, without, titleOf, onHighlight, onRemove } = props;
  const when = cursor === null ? "Latest in this range" : formatTime(zone, cursor, span.end - span.start);
  return (
    <table class="values">
      <caption class="number">{when}</caption>
      <thead class="visually-hidden">
        <tr>
          <th scope="col">Point</th>
          <th scope="col">{cursor === null ? "Latest value" : "Value at the cursor"}</th>
          <th scope="col">Smallest to largest</th>
          <th scope="col">Remove</th>
        </tr>
      </thead>
      <tbody>
        {panes.flatMap(({ series }) =>
          series.map((one) => {
            const index = cursor === null ? lastIn(one, span) : sampleAt(one, cursor, one.longest);
            const title = titleOf(one.name);
            return (
              <tr key={one.name} onMouseEnter={() => onHighlight(one.name)} onMouseLeave={() => onHighlight(null)}>
                <th scope="row" title={title === one.name ? title : `${title}\n${one.name}`}>
                  <i class={one.isDashed ? "swatch dashed" : "swatch"} style={{ color: `var(${one.color})` }} />
                  <span class="values-title">{title}</span>
                </th>
                <td class="number">
                  {index < 0 ? (
                    <span class="quiet">{without}</span>
                  ) : (
                    <>
                      <b>{formatValue(one.values[index]!)}</b>{" "}
                      {one.unit !== null && <span class="quiet">{one.unit}</span>}
                    </>
                  )}
                </td>
                <td class="number quiet values-extent">{extentOf(one, span)}</td>
                <td>
                  <button
                    type="button"
                    class="icon-button small"
                    aria-label={`Remove ${title}`}
                    onClick={() => onRemove(one.name)}
                  >
                    <Icon name="close" />
                  </button>
                </td>
              </tr>
            );
          }),
        )}
      </tbody>
    </table>
  );
}

/** -1: no sample in the range. */
function lastIn({ times, bucketMs }: ShownSeries, { start, end }: Span): number {
  const last = indexAtOrAfter(times, end) - 1;
  return last >= 0 && times[last]! + bucketMs >= start ? last : -1;
}

/** "68.1 – 72.4": the smallest and the largest sample of the range. */
function extentOf({ times, values, min, max }: ShownSeries, { start, end }: Span): string {
  const [first, last] = [indexAtOrAfter(times, start), indexAtOrAfter(times, end)];
  if (first >= last) return "";
  let [low, high] = [Infinity, -Infinity];
  for (let i = first; i < last; i++) {
    low = Math.min(low, (min ?? values)[i]!);
    high = Math.max(high, (max ?? values)[i]!);
  }
  return `${formatValue(low)} – ${formatValue(high)}`;
}
