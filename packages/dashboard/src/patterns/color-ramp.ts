/** A colour in OKLCH: lightness 0 to 1, chroma, hue in degrees. */
type Lch = readonly [number, number, number];
type Triple = readonly [number, number, number];

/** From low to high: higher values contrast more with the page, so the two themes are inverse in lightness. */
const ANCHORS: Record<"light" | "dark", readonly Lch[]> = {
  light: [
    [0.955, 0.04, 108],
    [0.87, 0.085, 150],
    [0.73, 0.1, 195],
    [0.54, 0.105, 242],
    [0.3, 0.1, 282],
  ],
  dark: [
    [0.29, 0.085, 288],
    [0.45, 0.115, 262],
    [0.61, 0.1, 222],
    [0.77, 0.11, 172],
    [0.94, 0.12, 110],
  ],
};

export const RAMP_STEPS = 128;
/** Steps between anchors, before even spacing. */
const FINE = 200;

function labOf([lightness, chroma, hue]: Lch): Triple {
  const angle = (hue * Math.PI) / 180;
  return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)];
}

/** sRGB, 0 to 255, not rounded; outside of this range a screen cannot show it. */
function rgbOf([lightness, a, b]: Triple): Triple {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const encoded = (linear: number) =>
    255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055);
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function between(from: Triple, to: Triple, share: number): Triple {
  const at = (i: 0 | 1 | 2) => from[i] + (to[i] - from[i]) * share;
  return [at(0), at(1), at(2)];
}

function distance(one: Triple, other: Triple): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}

/** Steps of a colour scale, from low to high, with equal visible distance: [red, green, blue], 0 to 255. */
export function colorRamp(theme: "light" | "dark"): Triple[] {
  const anchors = ANCHORS[theme].map(labOf);
  const path = anchors.flatMap((anchor, i) => {
    const next = anchors[i + 1];
    return next === undefined ? [anchor] : Array.from({ length: FINE }, (_, j) => between(anchor, next, j / FINE));
  });
  const lengths = [0];
  for (const [i, color] of path.entries()) if (i > 0) lengths.push(lengths[i - 1]! + distance(path[i - 1]!, color));
  let at = 0;
  return Array.from({ length: RAMP_STEPS }, (_, step) => {
    const wanted = (lengths.at(-1)! * step) / (RAMP_STEPS - 1);
    while (at < path.length - 2 && lengths[at + 1]! < wanted) at++;
    const share = (wanted - lengths[at]!) / (lengths[at + 1]! - lengths[at]!);
    return rgbOf(between(path[at]!, path[at + 1]!, share));
  });
}

/** The values at the ends of a scale, and whether there are values beyond them. */
export interface ScaleDomain {
  readonly low: number;
  readonly high: number;
  readonly isCutLow: boolean;
  readonly isCutHigh: boolean;
}

/**
 * A scale for values: from the smallest to the largest, unless a few outliers would take most of it.
 * @param sorted ascending, at least one @param quantileOf of `sorted`
 */
export function scaleDomain(sorted: readonly number[], quantileOf: (share: number) => number): ScaleDomain {
  const [min, max] = [sorted[0]!, sorted.at(-1)!];
  const [p1, p99] = [quantileOf(0.01), quantileOf(0.99)];
  const room = Math.max(p99 - p1, 0) * 0.5;
  const isCutLow = room > 0 && p1 - min > room;
  const isCutHigh = room > 0 && max - p99 > room;
  const [low, high] = [isCutLow ? p1 : min, isCutHigh ? p99 : max];
  if (low < high) return { low, high, isCutLow, isCutHigh };
  const half = Math.max(Math.abs(low) * 0.01, 0.5);
  return { low: low - half, high: high + half, isCutLow, isCutHigh };
}

/** The step of the ramp for a value. */
export function rampStep(value: number, { low, high }: ScaleDomain): number {
  const share = (value - low) / (high - low);
  return Math.min(RAMP_STEPS - 1, Math.max(0, Math.round(share * (RAMP_STEPS - 1))));
}
