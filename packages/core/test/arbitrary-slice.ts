import fc from "fast-check";
import { HOUR_MS } from "../src/domain/hour.ts";
import type { HourAggregate, HourAggregates, HourEdges } from "../src/rollups/hour-aggregates.ts";
import type { Locator } from "../src/parquet/locator.ts";

const double = fc.oneof(
  fc.constantFrom(0, -0, 5e-324, -5e-324, 1.7976931348623157e308, 25.517500000000002, 20, 1e21),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
);
/** Edges within these bounds; null: several falls. */
function anyEdges(min: number, max: number): fc.Arbitrary<HourEdges | null> {
  const within = fc.constantFrom(min, max);
  const seconds = fc
    .tuple(fc.nat(3599), fc.nat(3599))
    .map(([a, b]) => ({ firstS: Math.min(a, b), lastS: Math.max(a, b) }));
  const rising = seconds.map((times) => ({ first: min, last: max, ...times, fall: null }));
  const falling = fc.record({ first: within, last: within, times: seconds }).map(({ first, last, times }) => {
    return { first, last, ...times, fall: { from: max, to: min } };
  });
  return fc.oneof(fc.constant(null), rising, ...(min < max ? [falling] : []));
}

const anyHour: fc.Arbitrary<HourAggregate> = fc
  .record({
    n: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: HOUR_MS })),
    a: double,
    b: double,
    sum: fc.oneof(double, fc.constantFrom(Infinity, -Infinity)),
    constant: fc.boolean(),
  })
  .map(({ n, a, b, sum, constant }) => {
    return constant ? { n, min: a, max: a, sum: n * a } : { n, min: Math.min(a, b), max: Math.max(a, b), sum };
  })
  .chain((hour) => anyEdges(hour.min, hour.max).map((edges) => ({ ...hour, edges })));

/** Any valid locator. */
export const anyLocator: fc.Arbitrary<Locator> = fc
  .record({
    offset: fc.integer({ min: 4, max: 2 ** 40 }),
    timeBytes: fc.integer({ min: 1, max: 1e6 }),
    nameBytes: fc.integer({ min: 1, max: 1e6 }),
    valueBytes: fc.integer({ min: 1, max: 1e6 }),
    crc32: fc.integer({ min: 0, max: 0xffff_ffff }),
    before: fc.nat(1e5),
    own: fc.integer({ min: 1, max: 1e5 }),
    after: fc.nat(1e5),
  })
  .map(({ before, own, after, ...group }) => {
    return { group: { ...group, rows: before + own + after }, firstRow: before, rows: own };
  });

/** Any valid 24 hours. */
export const anyHours: fc.Arbitrary<HourAggregates> = fc.array(fc.option(anyHour), { minLength: 24, maxLength: 24 });
