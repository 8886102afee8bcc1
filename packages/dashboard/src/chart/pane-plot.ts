import uPlot from "uplot";
import { drawSeries, type PlotFrame } from "./draw-series.ts";
import { axisLabels, formatValue } from "./format.ts";
import { commonGaps, type Stretch } from "./gaps.ts";
import { indexAtOrAfter } from "./series.ts";
import type { ShownSeries } from "./shown-series.ts";
import { themeColor } from "./theme-colors.ts";
import { ticksOf } from "../time/ticks.ts";
import { sampleAt } from "./value-at.ts";
import { valueRange } from "./value-range.ts";

/** The content of a pane; a change is drawn at once. */
export interface PaneContent {
  readonly series: readonly ShownSeries[];
  readonly band: boolean;
  /** the name of the highlighted series */
  readonly highlight: string | null;
}

interface PaneOptions {
  readonly zone: string;
  /** whether it has time labels below */
  readonly hasTimes: boolean;
  /** panes with the same key share a cursor */
  readonly cursorKey: string;
  /** Receives a span that was chosen by dragging. */
  readonly onSelect: (start: number, end: number) => void;
  readonly onDoubleClick: () => void;
  /** The time under the cursor; null: it has left. */
  readonly onCursor: (time: number | null) => void;
}

const VALUE_AXIS_PX = 58;
export const TIME_AXIS_PX = 42;
/** Without labels there is room for half a line of the values' axis. */
export const NO_TIME_AXIS_PX = 10;
/** Distance of time labels: a narrow screen has close labels rather than few. */
const TICK_SPACE_PX = { wide: 72, narrow: 56 } as const;
const NARROW_PLOT_PX = 400;
const FONT = '12px -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
/** From this many samples in a pane on, lines are hairlines. */
const DENSE = 6000;
/** A shorter drag is a click. */
const DRAG_PX = 6;

/**
 * A chart of one unit. uPlot draws the axes, the cursor and the selection. Each series draws itself by its own times,
 * so that twenty series need no common table.
 */
export class PanePlot {
  readonly #plot: uPlot;
  readonly #dots: HTMLElement[] = [];
  #content: PaneContent = { series: [], band: false, highlight: null };
  #missing: readonly Stretch[] = [];
  #hasValues = false;

  constructor(element: HTMLElement, width: number, height: number, options: PaneOptions) {
    const { zone, hasTimes, cursorKey, onSelect, onDoubleClick, onCursor } = options;
    const axis: uPlot.Axis = {
      font: FONT,
      stroke: () => themeColor("--chart-axis"),
      grid: { stroke: () => themeColor("--chart-grid"), width: 1 },
      ticks: { show: false },
    };
    this.#plot = new uPlot(
      {
        width,
        height,
        // room to the right for half of a time's label
        padding: [10, 22, 0, 0],
        legend: { show: false },
        scales: { x: { time: false, auto: false }, y: { auto: false } },
        series: [{}, { scale: "y", paths: () => null, points: { show: false } }],
        axes: [
          {
            ...axis,
            size: hasTimes ? TIME_AXIS_PX : NO_TIME_AXIS_PX,
            gap: 6,
            splits: (plot, _, start, end) => {
              const plotWidth = plot.bbox.width / devicePixelRatio;
              const space = plotWidth < NARROW_PLOT_PX ? TICK_SPACE_PX.narrow : TICK_SPACE_PX.wide;
              return ticksOf(zone, start, end, Math.max(2, Math.floor(plotWidth / space)));
            },
            values: (_, splits) => (hasTimes ? axisLabels(zone, splits) : splits.map(() => "")),
          },
          {
            ...axis,
            size: VALUE_AXIS_PX,
            gap: 8,
            space: 32,
            values: (_, splits, __, ___, step) =>
              splits.map((value) => (this.#hasValues ? formatValue(value, step) : "")),
          },
        ],
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: true, y: false, setScale: false, dist: DRAG_PX },
          sync: { key: cursorKey, scales: ["x", null] },
          bind: {
            dblclick: () => () => {
              onDoubleClick();
              return null;
            },
            // With Shift a drag moves the range.
            mousedown: (_, __, handler) => (event) => (event.shiftKey ? null : handler(event)),
          },
        },
        hooks: {
          drawClear: [(plot) => this.#drawMissing(plot)],
          draw: [(plot) => this.#drawAll(plot)],
          setSelect: [
            (plot) => {
              const { left, width: chosen } = plot.select;
              if (chosen < DRAG_PX) return;
              plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              // Panes that only follow do not report.
              if (plot.cursor.event != null) onSelect(plot.posToVal(left, "x"), plot.posToVal(left + chosen, "x"));
            },
          ],
          setCursor: [
            (plot) => {
              const left = plot.cursor.left ?? -1;
              const time = left < 0 ? null : plot.posToVal(left, "x");
              this.#placeDots(time);
              onCursor(time);
            },
          ],
        },
      },
      [
        [0, 1],
        [null, null],
      ],
      element,
    );
  }

  setContent(content: PaneContent, start: number, end: number): void {
    this.#content = content;
    this.#missing = commonGaps(content.series.map(({ gaps }) => gaps));
    this.setSpan(start, end);
  }

  setSpan(start: number, end: number): void {
    const { series, band } = this.#content;
    const range = valueRange(series, start, end, band);
    // An axis needs a scale, even without values.
    this.#hasValues = range !== null;
    const [low, high] = range ?? [0, 1];
    this.#plot.batch(() => {
      this.#plot.setScale("x", { min: start, max: end });
      this.#plot.setScale("y", { min: low, max: high });
    });
    const left = this.#plot.cursor.left ?? -1;
    this.#placeDots(left < 0 ? null : this.#plot.posToVal(left, "x"));
  }

  setSize(width: number, height: number): void {
    if (this.#plot.width !== width || this.#plot.height !== height) this.#plot.setSize({ width, height });
  }

  /** Moves the cursor to a time, as a pointer would. */
  setCursor(time: number | null): void {
    const left = time === null ? -10 : this.#plot.valToPos(time, "x");
    this.#plot.setCursor({ left, top: time === null ? -10 : 1 }, true);
  }

  redraw(): void {
    this.#plot.redraw(false, false);
    this.#placeDots(null);
  }

  /** The position of a pointer in the plot, 0 to 1 from the left. */
  shareAt(clientX: number): number {
    const { left, width } = this.#plot.over.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - left) / width));
  }

  /** Width of the plot without its axis, in CSS pixels. */
  get plotWidth(): number {
    // Not read from the element: that would compute the page's layout once for each dot.
    return this.#plot.bbox.width / devicePixelRatio;
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #frame(plot: uPlot): PlotFrame {
    const { bbox, scales } = plot;
    return {
      ...bbox,
      ratio: devicePixelRatio,
      start: scales["x"]?.min ?? 0,
      end: scales["x"]?.max ?? 1,
      low: scales["y"]?.min ?? 0,
      high: scales["y"]?.max ?? 1,
    };
  }

  #drawMissing(plot: uPlot): void {
    const { left, top, width, height, start, end } = this.#frame(plot);
    const { ctx } = plot;
    const perMs = width / (end - start);
    ctx.save();
    ctx.fillStyle = themeColor("--chart-missing");
    for (const [from, to] of this.#missing) {
      const [x, until] = [Math.max(from, start), Math.min(to, end)].map((time) => left + (time - start) * perMs);
      if (until! > x!) ctx.fillRect(x!, top, until! - x!, height);
    }
    ctx.restore();
  }

  #drawAll(plot: uPlot): void {
    const frame = this.#frame(plot);
    const { ctx } = plot;
    const { series, band, highlight } = this.#content;
    const seen = series.reduce((sum, { times }) => {
      return sum + indexAtOrAfter(times, frame.end) - indexAtOrAfter(times, frame.start);
    }, 0);
    const isDense = seen > DENSE;
    const isAnyPointedOut = series.some(({ name }) => name === highlight);
    ctx.save();
    ctx.beginPath();
    ctx.rect(frame.left, frame.top, frame.width, frame.height);
    ctx.clip();
    for (const one of series) {
      const isStrong = one.name === highlight;
      drawSeries(ctx, frame, one, { band, isDense, isStrong, isFaint: isAnyPointedOut && !isStrong });
    }
    ctx.restore();
  }

  /** A dot on each series at the cursor's sample. */
  #placeDots(time: number | null): void {
    const { series } = this.#content;
    const plot = this.#plot;
    // The first call happens while uPlot is being created.
    if (plot === undefined) return;
    while (this.#dots.length < series.length) {
      const dot = document.createElement("i");
      dot.className = "chart-dot";
      plot.over.append(dot);
      this.#dots.push(dot);
    }
    for (const [i, dot] of this.#dots.entries()) {
      const one = series[i];
      const index = one === undefined || time === null ? -1 : sampleAt(one, time, one.longest);
      dot.hidden = index < 0;
      if (one === undefined || index < 0) continue;
      const x = plot.valToPos(one.times[index]! + one.bucketMs / 2, "x");
      dot.hidden = x < 0 || x > this.plotWidth;
      dot.style.transform = `translate(${x}px, ${plot.valToPos(one.values[index]!, "y")}px)`;
      dot.style.backgroundColor = `var(${one.color})`;
    }
  }
}
