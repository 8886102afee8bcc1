import fc from "fast-check";
import { DAY_MS, dayOf, dayStart } from "../src/domain/day.ts";
import { monthDays, monthOf } from "../src/domain/month.ts";
import type { NamedSeries } from "../src/parquet/row-group-writer.ts";
import { compareUtf8 } from "../src/domain/utf8-order.ts";

/** The day of the tests: 12 October 2025. */
export const TEST_DAY = dayOf(Date.UTC(2025, 9, 12));
export const TEST_START = dayStart(TEST_DAY);
/** The month of the tests. */
export const TEST_MONTH = monthOf(TEST_DAY);
const MONTH_START = dayStart(monthDays(TEST_MONTH).first);
export const TEST_SITE = "ses_falls_city";

const name = fc.oneof(
  fc.integer({ min: 0, max: 300 }).map((id) => `ses/ses_falls_city/8000:33-8033/analogValue/${id}`),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom(
    "",
    " ",
    "'",
    '"',
    "\\",
    "\n",
    "\0",
    "%",
    "\uFEFFbom",
    "Ž",
    "\uFFFD",
    "\uFF5E",
    "😀",
    "null",
    "__proto__",
  ),
  fc.constantFrom("a", "é", "😀").map((unit) => unit.repeat(10_000 / unit.length)),
);

const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -20, max: 20 }).map((n) => n / 10),
  fc.constantFrom(0, -0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 25.517500000000002, 2 ** 53 + 2),
);

const time = fc.oneof(
  fc.integer({ min: 0, max: DAY_MS - 1 }),
  fc.integer({ min: 0, max: 1_439 }).map((minute) => minute * 60_000 + 36_055),
  fc.constantFrom(0, 1, DAY_MS - 2, DAY_MS - 1),
);

const point = fc
  .record({
    name,
    samples: fc.uniqueArray(fc.tuple(time, value), { minLength: 1, maxLength: 60, selector: ([at]) => at }),
  })
  .map(({ name: of, samples }): NamedSeries => {
    const sorted = samples.toSorted(([a], [b]) => a - b);
    const times = Float64Array.from(sorted, ([at]) => TEST_START + at);
    return { name: of, series: { times, values: Float64Array.from(sorted, ([, number]) => number) } };
  });

/** The points of a small day, in up to four row groups and in the writer's order. */
export const arbitraryDay: fc.Arbitrary<NamedSeries[]> = fc
  .uniqueArray(point, { minLength: 1, maxLength: 28, selector: (one) => one.name })
  .map((points) => points.toSorted((a, b) => compareUtf8(a.name, b.name)));

/** Times of a day, in milliseconds since its start: arbitrary, or of a scrape that other points share. */
const offsets = fc.oneof(
  fc.uniqueArray(time, { minLength: 1, maxLength: 40 }),
  fc.integer({ min: 1, max: 300 }).map((length) => Array.from({ length }, (_, i) => i * 60_000)),
  fc.integer({ min: 1, max: 300 }).map((length) => Array.from({ length }, (_, i) => i * 60_000 + ((i * 7_919) % 199))),
);

/** A day file of a month: the day of the month, from 0, and its points in the writer's order. */
export interface DayOfMonth {
  readonly index: number;
  readonly points: readonly NamedSeries[];
}

/** Days of the tests' month, ascending, with a few points. Each point has samples on some days only. */
export const arbitraryMonth: fc.Arbitrary<DayOfMonth[]> = fc
  .uniqueArray(name, { minLength: 1, maxLength: 14 })
  .chain((names) => {
    const series = fc.tuple(fc.constantFrom(...names), offsets, fc.array(value, { minLength: 1, maxLength: 9 }));
    const points = fc.uniqueArray(series, { minLength: 1, maxLength: names.length, selector: ([of]) => of });
    const day = fc.record({ index: fc.integer({ min: 0, max: 30 }), points });
    return fc.uniqueArray(day, { minLength: 1, maxLength: 8, selector: ({ index }) => index });
  })
  .map((days) => days.toSorted((a, b) => a.index - b.index).map(dayOfMonth));

function dayOfMonth(day: {
  readonly index: number;
  readonly points: readonly (readonly [name: string, offsets: number[], values: number[]])[];
}): DayOfMonth {
  const start = MONTH_START + day.index * DAY_MS;
  const points = day.points.map(([of, own, values]): NamedSeries => {
    const times = Float64Array.from(
      own.toSorted((a, b) => a - b),
      (offset) => start + offset,
    );
    return { name: of, series: { times, values: times.map((_, i) => values[i % values.length]!) } };
  });
  return { index: day.index, points: points.sort((a, b) => compareUtf8(a.name, b.name)) };
}

/** Checks a property of small days. @throws with the seed and the smallest day that fails */
export async function forEachDay(check: (points: NamedSeries[]) => Promise<void>, numRuns = 100): Promise<void> {
  await fc.assert(fc.asyncProperty(arbitraryDay, check), { numRuns });
}

/**
 * A point's day of one sample a minute, as in buildings. The point's number decides: a setpoint, a status or a reading.
 */
export function buildingPoint(id: number, minutes = 1_440): NamedSeries {
  const times = Float64Array.from({ length: minutes }, (_, minute) => TEST_START + minute * 60_000 + 36_055);
  let seed = (id * 2_654_435_761) >>> 0;
  let walk = 70 + (id % 9);
  const noise = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32 - 0.5;
  const values = times.map((_, minute) => {
    const kind = id % 10;
    if (kind < 3) return id % 70;
    if (kind < 5) return (Math.floor(minute / (60 + (id % 200))) + id) % 2;
    // Three in ten move by tenths now and then. One drifts and one swings, in single precision, at every reading.
    if (kind < 8) {
      if (noise() > 0.25) walk += noise() * 0.4;
      return Math.round(walk * 10) / 10;
    }
    if (kind === 8) return Math.fround((walk += noise() * 0.6));
    return Math.fround(50 + 40 * Math.sin(minute / 97 + id) + 2 * noise());
  });
  return {
    name: `ses/ses_falls_city/8000:33-${8_033 + Math.floor(id / 40)}/analogValue/${id}`,
    series: { times, values },
  };
}

/** The points of a day like {@link buildingPoint}'s in the writer's order, created one by one. */
export function* buildingDay(points: number, minutes?: number): Generator<NamedSeries> {
  const ids = Array.from({ length: points }, (_, i) => i + 1);
  const names = new Map(ids.map((id) => [id, buildingPoint(id, 0).name]));
  for (const id of ids.sort((a, b) => compareUtf8(names.get(a)!, names.get(b)!))) yield buildingPoint(id, minutes);
}
