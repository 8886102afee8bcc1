import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { formatTime, formatValue } from "./format.ts";
import type { ShownSeries } from "./shown-series.ts";
import type { Span } from "./span.ts";
import { sampleAt } from "./value-at.ts";

interface PaneSummaryProps {
  readonly series: readonly ShownSeries[];
  /** epoch ms */
  readonly cursor: number;
  readonly span: Span;
  readonly zone: string;
  /** whether this pane shows the time */
  readonly hasTime: boolean;
}

const MOST_LINES = 2;

/**
 * The values at the cursor above their pane, while the table of values is out of sight. The second line covers the
 * space above the chart's lines, so that nothing moves; values without room are counted.
 */
export function PaneSummary({ series, cursor, span, zone, hasTime }: PaneSummaryProps) {
  const root = useRef<HTMLSpanElement>(null);
  const [fitting, setFitting] = useState(series.length);
  useLayoutEffect(() => setFitting(fittingIn(root.current!)));
  return (
    <span ref={root} class="chart-readout number" aria-hidden="true">
      {hasTime && <span class="chart-readout-time">{formatTime(zone, cursor, span.end - span.start)}</span>}
      {series.map((one, i) => {
        const index = sampleAt(one, cursor, one.longest);
        return (
          <span key={one.name} class={i < fitting ? "chart-readout-value" : "chart-readout-value out"}>
            <i class={one.isDashed ? "swatch dashed" : "swatch"} style={{ color: `var(${one.color})` }} />
            {index < 0 ? "–" : formatValue(one.values[index]!)}
          </span>
        );
      })}
      <span class={fitting < series.length ? "chart-readout-more" : "chart-readout-more out"}>
        +{series.length - fitting}
      </span>
    </span>
  );
}

/** How many of the values have room: all, or as many as leave room for the count of the rest. */
function fittingIn(summary: HTMLElement): number {
  const values = [...summary.querySelectorAll<HTMLElement>(".chart-readout-value")];
  const more = summary.querySelector<HTMLElement>(".chart-readout-more")!;
  const lineOf = (one: HTMLElement) => Math.round(one.offsetTop / one.offsetHeight);
  if (values.every((one) => lineOf(one) < MOST_LINES)) return values.length;
  const end = summary.clientWidth - more.offsetWidth;
  const hasRoom = (one: HTMLElement) =>
    lineOf(one) < MOST_LINES - 1 || (lineOf(one) < MOST_LINES && one.offsetLeft + one.offsetWidth <= end);
  return values.filter(hasRoom).length;
}
