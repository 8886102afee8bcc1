import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const tokens = readFileSync(new URL("../../packages/dashboard/src/styles/tokens.css", import.meta.url), "utf8");

type Color = readonly [number, number, number];

/** Linear RGB of `#rrggbb`. */
function linear(hex: string): Color {
  const part = (from: number) => {
    const share = Number.parseInt(hex.slice(from, from + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return [part(1), part(3), part(5)];
}

function oklab([r, g, b]: Color): Color {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function contrast(a: Color, b: Color): number {
  const light = ([r, g, blue]: Color) => 0.2126 * r + 0.7152 * g + 0.0722 * blue;
  const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
  return (high! + 0.05) / (low! + 0.05);
}

/** The light and the dark colour of a token. */
function pair(token: string): readonly [string, string] {
  const [, light = "", dark = ""] = new RegExp(`${token}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(tokens) ?? [];
  return [light, dark];
}

const SERIES = Array.from({ length: 20 }, (_, i) => `--series-${i + 1}`);

it.each([
  ["light", 0],
  ["dark", 1],
] as const)("the colours of 20 series are visible and distinct in the %s theme", (_, theme) => {
  const ground = linear(pair("--surface")[theme]);
  const colors = SERIES.map((token) => linear(pair(token)[theme]));
  for (const color of colors) expect(contrast(color, ground)).toBeGreaterThan(3);
  const labs = colors.map(oklab);
  const apart = labs.flatMap((a, i) => labs.slice(0, i).map((b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])));
  expect(Math.min(...apart)).toBeGreaterThan(0.07);
});

it.each([
  ["--text", 7],
  ["--text-quiet", 4.5],
  ["--good", 4.5],
  ["--warning", 4.5],
  ["--bad", 4.5],
  ["--accent", 4.5],
  ["--line-strong", 3],
])("%s has a contrast of %d on every surface", (token, least) => {
  for (const surface of ["--surface", "--page", "--surface-raised"]) {
    for (const theme of [0, 1] as const) {
      expect(contrast(linear(pair(token)[theme]), linear(pair(surface)[theme]))).toBeGreaterThan(least);
    }
  }
});
