import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { formatValue } from "../chart/format.ts";
import { themeColor } from "../chart/theme-colors.ts";
import { formatDate } from "./calendar.ts";
import { clockText, type DaySpread, type DayProfile, SLOTS } from "./profile-days.ts";
import { useThemeRound } from "./use-theme-round.ts";
import { useWidth } from "./use-width.ts";

interface OverlayChartProps {
  readonly name: string;
  /** ascending; the last one is highlighted */
  readonly days: readonly DayProfile[];
  readonly spread: DaySpread;
  readonly unit: string | null;
}

const FONT = '12px -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const HEIGHT = 280;
const VALUE_AXIS_PX = 52;
const TIME_AXIS_PX = 30;
const SLOTS_PER_HOUR = 12;
/** Columns of the table: time, median, the band's bounds, then the days. */
const FIRST_DAY = 4;

/** Days laid over each other by the clock's time, with the usual range. */
export function OverlayChart({ name, days, spread, unit }: OverlayChartProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const plot = useRef<uPlot | null>(null);
  const [slot, setSlot] = useState<number | null>(null);
  const round = useThemeRound();

  useEffect(() => {
    if (frame.current === null || width === 0) return;
    const made = new uPlot(optionsOf(width, days.length, setSlot), tableOf(days, spread), frame.current);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
    // A new width needs a new chart, which loses no state.
  }, [width, days, spread]);
  useEffect(() => plot.current?.redraw(false, false), [round]);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -SLOTS_PER_HOUR, PageDown: SLOTS_PER_HOUR }[event.key];
    if (step === undefined || plot.current === null) return;
    event.preventDefault();
    const next = Math.min(SLOTS - 1, Math.max(0, (slot ?? -step) + step));
    plot.current.setCursor({ left: plot.current.valToPos(next, "x"), top: 1 }, true);
  };
  const newest = days.at(-1);
  const formatSlot = (value: number | null | undefined) =>
    value === null || value === undefined ? "none" : `${formatValue(value)}${unit === null ? "" : ` ${unit}`}`;
  return (
    <div>
      <div
        ref={frame}
        class="overlay-frame"
        tabIndex={0}
        role="application"
        aria-roledescription="chart"
        aria-label={`${name} by the time of the day. Arrow keys move through the day.`}
        aria-describedby="overlay-readout"
        onKeyDown={onKeyDown}
        onPointerLeave={() => setSlot(null)}
      />
      <p id="overlay-readout" class="readout number" role="status">
        {slot === null || newest === undefined ? (
          <OverlayLegend days={days} />
        ) : (
          <>
            {clockText(slot)} <strong>{formatSlot(newest.values[slot])}</strong>
            <span class="quiet">
              {" "}
              usually {formatSlot(spread.median[slot])}
              {spread.p10[slot] != null && `, ${formatSlot(spread.p10[slot])} to ${formatSlot(spread.p90[slot])}`}
            </span>
          </>
        )}
      </p>
    </div>
  );
}

function OverlayLegend({ days }: { readonly days: readonly DayProfile[] }) {
  const newest = days.at(-1);
  return (
    <span class="overlay-legend quiet">
      {newest !== undefined && (
        <span>
          <i class="line newest" aria-hidden="true" />
          {formatDate(newest.day, { weekday: "short", month: "short", day: "numeric" })}
        </span>
      )}
      <span>
        <i class="line others" aria-hidden="true" />
        days before
      </span>
      <span>
        <i class="line median" aria-hidden="true" />
        median
      </span>
      <span>
        <i class="band" aria-hidden="true" />
        10–90% of days
      </span>
    </span>
  );
}

function tableOf(days: readonly DayProfile[], spread: DaySpread): uPlot.AlignedData {
  const slots = Array.from({ length: SLOTS }, (_, i) => i);
  return [slots, [...spread.median], [...spread.p90], [...spread.p10], ...days.map(({ values }) => [...values])];
}

function optionsOf(width: number, days: number, onSlot: (slot: number | null) => void): uPlot.Options {
  const none = { show: false };
  const bound = { stroke: "transparent", width: 0, points: none };
  const axis: uPlot.Axis = {
    font: FONT,
    stroke: () => themeColor("--chart-axis"),
    grid: { stroke: () => themeColor("--chart-grid"), width: 1 },
    ticks: none,
  };
  const step = width < 500 ? 6 : 3;
  return {
    width,
    height: HEIGHT,
    padding: [10, 22, 0, 0],
    legend: none,
    scales: { x: { time: false, range: [0, SLOTS] } },
    series: [
      {},
      { stroke: () => themeColor("--text"), width: 1.5, dash: [5, 4], points: none },
      bound,
      bound,
      ...Array.from({ length: days }, (_, i): uPlot.Series => {
        const isNewest = i === days - 1;
        return {
          stroke: () => themeColor(isNewest ? "--accent" : "--overlay-day"),
          width: isNewest ? 2.5 : 1,
          points: none,
        };
      }),
    ],
    bands: [{ series: [2, 3], fill: () => themeColor("--chart-select") }],
    axes: [
      {
        ...axis,
        size: TIME_AXIS_PX,
        gap: 6,
        splits: () => Array.from({ length: 24 / step + 1 }, (_, i) => i * step * SLOTS_PER_HOUR),
        values: (_, splits) => splits.map((slot) => (slot === SLOTS ? "24:00" : clockText(slot))),
      },
      {
        ...axis,
        size: VALUE_AXIS_PX,
        gap: 8,
        space: 36,
        values: (_, splits, __, ___, apart) => splits.map((value) => formatValue(value, apart)),
      },
    ],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: (_, index) => dotOf(index, days) } },
    hooks: {
      setCursor: [
        (plot) => {
          const left = plot.cursor.left ?? -1;
          onSlot(left < 0 ? null : (plot.cursor.idx ?? null));
        },
      ],
    },
  };
}

/** Only the newest day has a tip. */
function dotOf(index: number, days: number): HTMLElement {
  const element = document.createElement("i");
  element.className = "overlay-dot";
  element.hidden = index !== FIRST_DAY + days - 1;
  return element;
}
