import { formatTime, formatValue } from "./format.ts";
import type { ShownSeries } from "./shown-series.ts";
import type { Span } from "./span.ts";
import { sampleAt } from "./value-at.ts";

interface PaneToldProps {
  readonly series: readonly ShownSeries[];
  /** epoch ms */
  readonly cursor: number;
  readonly span: Span;
  readonly zone: string;
  /** whether this is the pane that tells the time */
  readonly hasTime: boolean;
}

/** The values at the cursor over their pane, where the table of values is out of sight. */
export function PaneTold({ series, cursor, span, zone, hasTime }: PaneToldProps) {
  return (
    <span class="chart-told number" aria-hidden="true">
      {series.map((one) => {
        const index = sampleAt(one, cursor, one.longest);
        return (
          <span key={one.name}>
            <i class={one.isDashed ? "swatch dashed" : "swatch"} style={{ color: `var(${one.color})` }} />
            {index < 0 ? "–" : formatValue(one.values[index]!)}
          </span>
        );
      })}
      {hasTime && <span class="chart-told-time">{formatTime(zone, cursor, span.end - span.start)}</span>}
    </span>
  );
}
