import { quantile } from "./quantiles.ts";

const MOST_BINS = 60;
/** Fewer values share one bin. */
const NOTHING = 1e-30;

/** Values in [low, high). */
export interface Bin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/**
 * Bins of one width, by Freedman and Diaconis, rounded to 1, 2 or 5 of a power of ten; their bounds are multiples of
 * it.
 * @param sorted finite values, ascending, at least one
 */
export function histogramBins(sorted: ArrayLike<number>): Bin[] {
  const [min, max] = [sorted[0]!, sorted[sorted.length - 1]!];
  let width = niceWidth(Math.max(wantedWidth(sorted), (max - min) / MOST_BINS, leastWidth(min, max)));
  while (Math.floor(max / width) - Math.floor(min / width) + 1 > MOST_BINS) width = niceWidth(width * 2);
  const edge = (index: number) => cleanMultiple(index, width);
  let first = Math.floor(min / width);
  // A quotient may round across a bound that the product does not cross.
  while (edge(first) > min) first--;
  while (edge(first + 1) <= min) first++;
  const bins: { low: number; high: number; count: number }[] = [];
  for (let index = first; index === first || edge(index) <= max; index++) {
    bins.push({ low: edge(index), high: edge(index + 1), count: 0 });
  }
  let at = 0;
  for (let i = 0; i < sorted.length; i++) {
    while (sorted[i]! >= bins[at]!.high) at++;
    bins[at]!.count++;
  }
  return bins;
}

function wantedWidth(sorted: ArrayLike<number>): number {
  const count = sorted.length;
  const spread = quantile(sorted, 0.75) - quantile(sorted, 0.25);
  if (spread > 0) return (2 * spread) / Math.cbrt(count);
  // Most values are equal: as many bins as by Sturges.
  return (sorted[count - 1]! - sorted[0]!) / Math.ceil(Math.log2(count) + 1);
}

/** The smallest width at such values for which bounds differ. */
function leastWidth(min: number, max: number): number {
  const size = Math.max(Math.abs(min), Math.abs(max));
  if (size < NOTHING) return 1;
  return size * (min === max ? 0.01 : 1e-12);
}

/** The nearest of 1, 2 and 5 of a power of ten, by their ratio. */
function niceWidth(width: number): number {
  const power = Math.floor(Math.log10(width));
  const scale = width / 10 ** power;
  const digit = scale < Math.SQRT2 ? 1 : scale < Math.sqrt(10) ? 2 : scale < Math.sqrt(50) ? 5 : 10;
  return Number(`${digit}e${power}`);
}

/** `3 * 0.1` as 0.3. */
function cleanMultiple(index: number, width: number): number {
  return Number((index * width).toPrecision(15));
}
