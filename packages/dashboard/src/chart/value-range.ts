import { type ChartSeries, indexAtOrAfter } from "./series.ts";

/** Share of the range left free above and below. */
const PADDING = 0.06;

/** The y range of these series: samples in [start, end], and the ends of lines that lead into it; null: no values. */
export function valueRange(
  series: readonly ChartSeries[],
  start: number,
  end: number,
  withBand: boolean,
): readonly [number, number] | null {
  let [low, high] = [Infinity, -Infinity];
  for (const { times, values, min, max } of series) {
    const [bottom, top] = withBand ? [min ?? values, max ?? values] : [values, values];
    const first = Math.max(0, indexAtOrAfter(times, start) - 1);
    const last = Math.min(times.length - 1, indexAtOrAfter(times, end));
    for (let i = first; i <= last; i++) {
      if (bottom[i]! < low) low = bottom[i]!;
      if (top[i]! > high) high = top[i]!;
    }
  }
  if (low > high) return null;
  // A flat line is in the middle, and the axis shows its value.
  const padding = high > low ? (high - low) * PADDING : Math.max(Math.abs(high) * 0.02, 0.5);
  return [low - padding, high + padding];
}
