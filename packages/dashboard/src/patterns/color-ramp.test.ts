import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { colorRamp, rampStep, RAMP_STEPS, scaleDomain } from "./color-ramp.ts";
import { quantile } from "./quantiles.ts";

/** sRGB 0 to 255 to OKLab, by its definition: the inverse of the ramp's conversion. */
function okLab(rgb: readonly number[]): number[] {
  const [red, green, blue] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const lms = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
  ].map(([r, g, b]) => Math.cbrt(r! * red! + g! * green! + b! * blue!));
  return [
    [0.2104542553, 0.793617785, -0.0040720468],
    [1.9779984951, -2.428592205, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.808675766],
  ].map(([l, m, s]) => l! * lms[0]! + m! * lms[1]! + s! * lms[2]!);
}

describe.each(["light", "dark"] as const)("the colour scale of the %s theme", (theme) => {
  const ramp = colorRamp(theme);
  const lab = ramp.map(okLab);

  it("has steps of equal visible distance", () => {
    const steps = lab.slice(1).map((color, i) => Math.hypot(...color.map((part, j) => part - lab[i]![j]!)));
    expect(steps).toHaveLength(RAMP_STEPS - 1);
    expect(Math.max(...steps) / Math.min(...steps)).toBeLessThan(1.1);
  });

  it("gets steadily darker in light, and lighter in dark", () => {
    const sign = theme === "light" ? -1 : 1;
    expect(lab.slice(1).every(([lightness], i) => (lightness! - lab[i]![0]!) * sign > 0)).toBe(true);
  });

  it("has colours that a screen can show", () => {
    for (const part of ramp.flat()) expect(part).toSatisfy((value: number) => value > -0.5 && value < 255.5);
  });
});

describe("the domain of a scale", () => {
  const domainOf = (values: readonly number[]) => {
    const sorted = [...values].sort((a, b) => a - b);
    return scaleDomain(sorted, (share) => quantile(sorted, share));
  };

  it("is that of the values, without a few far outliers", () => {
    expect(domainOf([1, 2, 3])).toEqual({ low: 1, high: 3, isCutLow: false, isCutHigh: false });
    const many = Array.from({ length: 1000 }, (_, i) => i % 100);
    expect(domainOf([...many, 5000])).toMatchObject({ low: 0, isCutLow: false, isCutHigh: true });
    expect(domainOf([...many, 5000]).high).toBeLessThan(100);
    expect(domainOf([...many, -5000])).toMatchObject({ high: 99, isCutLow: true });
  });

  it("of one value has it in the middle", () => {
    expect(domainOf([72, 72])).toMatchObject({ low: 71.28, high: 72.72 });
    expect(rampStep(0, domainOf([0, 0]))).toBe(Math.round((RAMP_STEPS - 1) / 2));
  });

  it("places every value, higher ones never lower", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 }), (values) => {
        const domain = domainOf(values);
        const steps = [...values].sort((a, b) => a - b).map((value) => rampStep(value, domain));
        expect(steps).toEqual([...steps].sort((a, b) => a - b));
        expect(steps.every((step) => Number.isInteger(step) && step >= 0 && step < RAMP_STEPS)).toBe(true);
      }),
    );
  });
});
