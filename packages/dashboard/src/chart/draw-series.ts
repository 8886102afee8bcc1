import { wrapsBefore } from "./angles.ts";
import { breaksBefore } from "./gaps.ts";
import { type ChartSeries, indexAtOrAfter } from "./series.ts";
import type { ShownSeries } from "./shown-series.ts";
import { themeColor } from "./theme-colors.ts";

/** The positions of times and values on a canvas, in its own pixels. */
export interface PlotFrame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** canvas pixels per CSS pixel */
  readonly ratio: number;
  readonly start: number;
  readonly end: number;
  readonly low: number;
  readonly high: number;
}

interface SeriesStyle {
  readonly band: boolean;
  /** whether another series is highlighted, so that this one fades */
  readonly isFaint: boolean;
  readonly isStrong: boolean;
  /** so many samples that hairlines are clearer, and several times as fast without a GPU */
  readonly isDense: boolean;
}

const LINE_PX = 1.5;
const STRONG_PX = 2.5;
const DOT_PX = 2;
/** Samples further apart on the screen are drawn one by one. */
const MARKED_PX = 14;
/** Samples in a part of a line. */
const PART = 25;
const FAINT = 0.25;
const BAND_ALPHA = 0.16;

/** Draws a series' band, line and single samples inside the frame. */
export function drawSeries(
  context: CanvasRenderingContext2D,
  frame: PlotFrame,
  series: ShownSeries,
  style: SeriesStyle,
): void {
  const { times, values, min, max, bucketMs } = series;
  const { ratio } = frame;
  const perMs = frame.width / (frame.end - frame.start);
  const perUnit = frame.height / (frame.high - frame.low);
  // An average is drawn in the middle of its bucket.
  const xOf = (i: number) => frame.left + (times[i]! + bucketMs / 2 - frame.start) * perMs;
  const yOf = (value: number) => frame.top + (frame.high - value) * perUnit;
  const first = Math.max(0, indexAtOrAfter(times, frame.start - bucketMs) - 1);
  const last = Math.min(times.length - 1, indexAtOrAfter(times, frame.end));
  if (last < first) return;
  const runs = runsOf(series, first, last);

  context.strokeStyle = context.fillStyle = themeColor(series.color);
  context.globalAlpha = style.isFaint ? FAINT : 1;
  if (style.band && min !== null && max !== null) {
    context.save();
    context.globalAlpha *= BAND_ALPHA;
    context.beginPath();
    for (const [from, to] of runs) {
      context.moveTo(xOf(from), yOf(max[from]!));
      for (let i = from + 1; i <= to; i++) context.lineTo(xOf(i), yOf(max[i]!));
      for (let i = to; i >= from; i--) context.lineTo(xOf(i), yOf(min[i]!));
      context.closePath();
    }
    context.fill();
    context.restore();
  }
  context.lineWidth = style.isStrong ? STRONG_PX * ratio : style.isDense ? 1 : LINE_PX * ratio;
  context.lineJoin = "bevel";
  context.setLineDash(series.isDashed ? [6 * ratio, 4 * ratio] : []);
  // A long path is slow to draw: several parts are faster. Dashed and faint lines would show the joints.
  const length = series.isDashed || style.isFaint ? values.length : PART;
  for (const [from, to] of runs) {
    for (let part = from; part < to; part += length) {
      context.beginPath();
      context.moveTo(xOf(part), yOf(values[part]!));
      const until = Math.min(to, part + length);
      for (let i = part + 1; i <= until; i++) context.lineTo(xOf(i), yOf(values[i]!));
      context.stroke();
    }
  }
  const radius = (style.isStrong ? DOT_PX + 1 : DOT_PX) * ratio;
  const isMarked = frame.width / Math.max(1, last - first) > MARKED_PX * ratio;
  context.beginPath();
  for (const [from, to] of runs) {
    if (!isMarked && from !== to) continue;
    for (let i = from; i <= to; i++) {
      context.moveTo(xOf(i) + radius, yOf(values[i]!));
      context.arc(xOf(i), yOf(values[i]!), radius, 0, 2 * Math.PI);
    }
  }
  context.fill();
  context.globalAlpha = 1;
  context.setLineDash([]);
}

/** [first, last] of each unbroken part. */
export function runsOf(
  series: ChartSeries & Pick<ShownSeries, "longest">,
  first: number,
  last: number,
): (readonly [number, number])[] {
  const runs: (readonly [number, number])[] = [];
  let from = first;
  for (let i = first + 1; i <= last; i++) {
    if (!breaksBefore(series, i, series.longest) && !wrapsBefore(series, i)) continue;
    runs.push([from, i - 1]);
    from = i;
  }
  runs.push([from, last]);
  return runs;
}
