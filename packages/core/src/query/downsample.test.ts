import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Series } from "../domain/samples.ts";
import { downsample } from "./downsample.ts";

const anyValue = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 5e-324, 1.7e308, -1.7e308, 1),
);
const anySeries = fc
  .array(fc.tuple(fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 10_000 })), anyValue), {
    minLength: 1,
    maxLength: 300,
    size: "max",
  })
  .map((steps): Series => {
    let time = 1_760_000_000_000;
    return {
      times: Float64Array.from(steps, ([step]) => (time += step)),
      values: Float64Array.from(steps, ([, value]) => value),
    };
  });

function series(values: readonly number[], timeOf = (i: number) => i * 1000): Series {
  return { times: Float64Array.from(values, (_, i) => timeOf(i)), values: Float64Array.from(values) };
}

test("keeps order, ends, extremes and counts within the limit", () => {
  fc.assert(
    fc.property(
      anySeries,
      fc.integer({ min: 4, max: 80 }),
      fc.constantFrom(null, 50, 300, 3000),
      (all, most, gapMs) => {
        const thinned = downsample(all, most, gapMs);
        const { length } = thinned.times;
        expect(length).toBe(Math.min(length, most, all.times.length));
        if (all.times.length <= most) expect(length).toBe(all.times.length);

        const places = Array.from(thinned.times, (time) => all.times.indexOf(time));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        expect(new Set(places).size).toBe(length);
        expect(Array.from(thinned.values)).toEqual(places.map((place) => all.values[place]));
        expect([places[0], places.at(-1)]).toEqual([0, all.times.length - 1]);
        // -0 and 0 are at the same place of a chart
        expect(Math.min(...thinned.values) + 0).toBe(Math.min(...all.values) + 0);
        expect(Math.max(...thinned.values) + 0).toBe(Math.max(...all.values) + 0);

        let from = 0;
        for (const [i, place] of places.entries()) {
          const stoodFor = all.values.slice(from, place + 1);
          expect(thinned.count[i]).toBe(stoodFor.length);
          expect(thinned.min[i]).toBe(Math.min(...stoodFor));
          expect(thinned.max[i]).toBe(Math.max(...stoodFor));
          from = place + 1;
        }
        expect(from).toBe(all.times.length);
      },
    ),
    { numRuns: 500, examples: [[series([-0, -1, 0, 0, -0]), 4, null]] },
  );
});

test("below four samples: the first, the last, the smallest, in order", () => {
  const all = series([5, 9, 1, 7, 6]);
  const times = (most: number) => Array.from(downsample(all, most, null).times, (time) => time / 1000);
  expect([1, 2, 3, 4, 5].map(times)).toEqual([[0], [0, 4], [0, 2, 4], [0, 1, 2, 4], [0, 1, 2, 3, 4]]);
});

describe("gaps", () => {
  /** 1,000 samples a second apart, with an hour without samples before each of the given ones. */
  const withGaps = (...before: number[]) => {
    return series(
      Array.from({ length: 1000 }, (_, i) => Math.sin(i / 20)),
      (i) => i * 1000 + before.filter((gap) => gap <= i).length * 3_600_000,
    );
  };

  test("both ends of each gap are kept, even on a smooth curve", () => {
    const all = withGaps(123, 124, 700);
    const { times } = downsample(all, 40, 3000);
    for (const gap of [122, 123, 124, 699, 700]) expect(times).toContain(all.times[gap]);
  });

  test("the longest gaps are kept if not all fit", () => {
    const all = withGaps(...Array.from({ length: 400 }, (_, i) => 2 * i + 1));
    const longer = { ...all, times: all.times.map((time, i) => (i >= 501 ? time + 1 : time)) };
    const { times } = downsample(longer, 50, 3000);
    expect(times.length).toBeLessThanOrEqual(50);
    expect(times).toContain(longer.times[500]);
    expect(times).toContain(longer.times[501]);
  });

  test("with an unknown cadence only the shape counts", () => {
    const all = withGaps(123);
    const { times } = downsample(all, 20, null);
    expect(times.length).toBeGreaterThan(15);
    expect([all.times[122], all.times[123]].every((time) => times.includes(time!))).toBe(false);
  });
});

describe("shape", () => {
  const size = 20_000;
  const noisy = series(Array.from({ length: size }, (_, i) => Math.sin(i / 700) * 10 + ((i * 7919) % 101) / 100));

  /** The area between the series and the line through its kept samples, at all sample times. */
  const error = (all: Series, kept: Series) => {
    let sum = 0;
    let at = 0;
    for (let i = 0; i < all.times.length; i++) {
      while (at + 2 < kept.times.length && kept.times[at + 1]! <= all.times[i]!) at++;
      const share = (all.times[i]! - kept.times[at]!) / (kept.times[at + 1]! - kept.times[at]!);
      sum += Math.abs(kept.values[at]! * (1 - share) + kept.values[at + 1]! * share - all.values[i]!);
    }
    return sum / all.times.length;
  };

  test("a spike of one sample survives", () => {
    const values = noisy.values.map((value, i) => (i === 7777 ? 12 : i === 3333 ? -9 : Math.min(9, value / 2)));
    const { times, count } = downsample({ times: noisy.times, values }, 200, null);
    expect(times).toContain(7_777_000);
    expect(count.reduce((sum, n) => sum + n)).toBe(size);
  });

  test("is closer to a stepped curve than every n-th sample", () => {
    const steps = series(Array.from({ length: size }, (_, i) => Math.floor(Math.sin(i / 137) * 3) * 10 + (i % 2)));
    const kept = downsample(steps, 500, null);
    const nth = (column: Float64Array) => column.filter((_, i) => i % 40 === 0 || i === size - 1);
    expect(error(steps, kept)).toBeLessThan(error(steps, { times: nth(steps.times), values: nth(steps.values) }));
  });

  test("keeps the largest triangles: the peak of each group", () => {
    // Groups of three inner samples; each group's sample farthest from the line is kept.
    const all = series([0, 0, 5, 0, 0, -5, 0, 0, 5, 0, 0]);
    const kept = Array.from(downsample(all, 7, null).values).filter((value) => value !== 0);
    expect(kept).toEqual([5, -5, 5]);
  });

  test("a flat line stays defined", () => {
    const flat = downsample(series(Array.from({ length: 5000 }, () => 3)), 100, null);
    expect(flat.times.length).toBeGreaterThan(90);
    expect(flat.values.every((value) => value === 3)).toBe(true);
  });
});
