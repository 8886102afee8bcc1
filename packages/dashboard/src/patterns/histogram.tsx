import { useMemo, useState } from "preact/hooks";
import { formatValue } from "../chart/format.ts";
import { type Bin, histogramBins } from "./histogram-bins.ts";
import { summaryOf } from "./quantiles.ts";
import { useWidth } from "./use-width.ts";

interface HistogramProps {
  readonly name: string;
  /** ascending, at least one */
  readonly values: readonly number[];
  readonly unit: string | null;
  /** the kind of values: "samples", "hourly means" */
  readonly valueKind: string;
}

const HEIGHT = 280;
const TOP = 18;
const BOTTOM = 28;
const LEFT = 8;
const RIGHT = 12;
const LABEL_PX = 64;

/** How often each value occurred. */
export function Histogram({ name, values, unit, valueKind }: HistogramProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const [active, setActive] = useState<number | null>(null);
  const bins = useMemo(() => histogramBins(values), [values]);
  const summary = useMemo(() => summaryOf(values), [values]);
  const [first, last] = [bins[0]!.low, bins.at(-1)!.high];
  const most = Math.max(...bins.map(({ count }) => count));
  const x = (value: number) => LEFT + ((value - first) / (last - first)) * Math.max(0, width - LEFT - RIGHT);
  const y = (count: number) => HEIGHT - BOTTOM - (count / most) * (HEIGHT - TOP - BOTTOM);
  const suffix = unit === null ? "" : ` ${unit}`;
  const step = bins[0]!.high - first;
  const every = Math.max(1, Math.ceil(LABEL_PX / Math.max(1, (width - LEFT - RIGHT) / bins.length)));
  const formatBin = (bin: Bin) => {
    const share = bin.count / summary.count;
    return {
      range: `${formatValue(bin.low, step)} to ${formatValue(bin.high, step)}${suffix}`,
      count: `${bin.count.toLocaleString("en")} of ${summary.count.toLocaleString("en")} ${valueKind}`,
      share: share.toLocaleString("en", { style: "percent", maximumFractionDigits: 1 }),
    };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    setActive((at) => (at === null ? 0 : Math.min(bins.length - 1, Math.max(0, at + by))));
  };
  const marks = [
    { label: "5%", value: summary.p5, kind: "edge" },
    { label: "median", value: summary.median, kind: "median" },
    { label: "mean", value: summary.mean, kind: "mean" },
    { label: "95%", value: summary.p95, kind: "edge" },
  ] as const;
  const shown = active === null ? undefined : bins[active];
  const readout = shown === undefined ? null : formatBin(shown);
  return (
    <div>
      <div
        ref={frame}
        class="histogram-frame"
        tabIndex={0}
        role="application"
        aria-roledescription="histogram"
        aria-label={`Distribution of ${name}. Arrow keys move between bins.`}
        aria-describedby="histogram-readout"
        onKeyDown={onKeyDown}
        onPointerLeave={() => setActive(null)}
      >
        <svg width={width} height={HEIGHT} aria-hidden="true">
          {bins.map((bin, i) => (
            <g key={bin.low} class={i === active ? "bin active" : "bin"} onPointerEnter={() => setActive(i)}>
              <rect
                class="bin-room"
                x={x(bin.low)}
                y={TOP}
                width={x(bin.high) - x(bin.low)}
                height={HEIGHT - TOP - BOTTOM}
              />
              <rect
                class="bin-bar"
                x={x(bin.low) + 0.5}
                y={bin.count === 0 ? y(0) : Math.min(y(bin.count), y(0) - 1)}
                width={Math.max(1, x(bin.high) - x(bin.low) - 1)}
                height={bin.count === 0 ? 0 : Math.max(1, y(0) - y(bin.count))}
              />
            </g>
          ))}
          <line class="histogram-base" x1={LEFT} x2={width - RIGHT} y1={y(0) + 0.5} y2={y(0) + 0.5} />
          {bins.map(({ low }, i) =>
            i % every === 0 && x(low) < width - LABEL_PX / 2 ? (
              <text key={low} x={x(low)} y={HEIGHT - 8} text-anchor={i === 0 ? "start" : "middle"}>
                {formatValue(low, step)}
              </text>
            ) : null,
          )}
          {marks.map(({ label, value, kind }) => (
            <line key={label} class={`mark ${kind}`} x1={x(value)} x2={x(value)} y1={TOP - 8} y2={y(0)} />
          ))}
        </svg>
      </div>
      <p id="histogram-readout" class="readout number" role="status">
        {readout === null ? (
          <span class="quiet">Point at a bar to see how many values it holds.</span>
        ) : (
          <>
            {readout.range} <strong>{readout.share}</strong> <span class="quiet">{readout.count}</span>
          </>
        )}
      </p>
      <dl class="summary number">
        {[
          ...marks,
          { label: "lowest", value: summary.min, kind: "none" },
          { label: "highest", value: summary.max, kind: "none" },
        ].map(({ label, value, kind }) => (
          <div key={label}>
            <dt>
              <i class={`mark ${kind}`} aria-hidden="true" />
              {label}
            </dt>
            <dd>
              {formatValue(value)}
              {suffix}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
