import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pointSamples, type Sample } from "../../test/points.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { decodeRows, decodeSamples, encodeSamples, groupByHour, type HourRow, numberText } from "./hour-row.ts";
import { rowKey } from "./row-key.ts";

const EXTREMES = [
  0,
  -0,
  5e-324,
  -5e-324,
  2.2250738585072014e-308,
  1.7976931348623157e308,
  -1.7976931348623157e308,
  25.517500000000002,
  0.1 + 0.2,
  1e21,
  1e-7,
  123456789012345680000,
  2 ** 53 + 2,
  1.6100000143051147,
];
const anyValue = fc.oneof(fc.constantFrom(...EXTREMES), fc.double({ noNaN: true, noDefaultInfinity: true }));
const anyOffset = fc.oneof(fc.constantFrom(0, 1, HOUR_MS - 1), fc.nat({ max: HOUR_MS - 1 }));
const anyRow: fc.Arbitrary<HourRow> = fc
  .uniqueArray(fc.tuple(anyOffset, anyValue), { selector: ([offset]) => offset, maxLength: 20 })
  .map((pairs) => pairs.toSorted(([a], [b]) => a - b))
  .map((pairs) => ({
    hour: 1_760_277_600_000,
    pointId: 7,
    offsets: pairs.map(([offset]) => offset),
    values: pairs.map(([, value]) => value),
  }));

describe("numberText", () => {
  test.each(EXTREMES)("%s comes back bit for bit, and so does its negative", (value) => {
    for (const signed of [value, -value]) expect(JSON.parse(numberText(signed))).toBe(signed);
  });

  test("any finite double comes back bit for bit", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(JSON.parse(numberText(value))).toBe(value);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("encodeSamples and decodeSamples", () => {
  test("the stored text is the documented JSON object", () => {
    const row = { hour: 0, pointId: 1, offsets: [0, 60_055, 3_599_999], values: [-0, 25.517500000000002, 1e21] };
    expect(encodeSamples(row)).toBe('{"0":-0,"60055":25.517500000000002,"3599999":1e+21}');
  });

  test("a row comes back bit for bit", () => {
    fc.assert(
      fc.property(anyRow, (row) => {
        expect(decodeSamples(row.hour, row.pointId, encodeSamples(row))).toStrictEqual(row);
      }),
      { numRuns: 500 },
    );
  });

  test("keys in any order, as json_patch leaves them, decode ascending", () => {
    const shuffled = anyRow.chain((row) =>
      fc.tuple(
        fc.constant(row),
        fc.shuffledSubarray([...row.offsets.keys()], { minLength: row.offsets.length, maxLength: row.offsets.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([row, order]) => {
        const stored = { ...row, offsets: order.map((i) => row.offsets[i]!), values: order.map((i) => row.values[i]!) };
        expect(decodeSamples(row.hour, row.pointId, encodeSamples(stored))).toStrictEqual(row);
      }),
      { numRuns: 500 },
    );
  });

  test("decodeRows gives each row of a result its own key", () => {
    const results = [
      { hour_point: rowKey(HOUR_MS, 3), samples: '{"0":1.5}' },
      { hour_point: rowKey(-HOUR_MS, 4), samples: '{"7":2,"5":-0}' },
    ];
    expect(decodeRows(results)).toStrictEqual([
      { hour: HOUR_MS, pointId: 3, offsets: [0], values: [1.5] },
      { hour: -HOUR_MS, pointId: 4, offsets: [5, 7], values: [-0, 2] },
    ]);
  });
});

describe("groupByHour", () => {
  /** The same by the book: one Map entry a (point, time), then sorted. */
  function naive(samples: readonly Sample[]) {
    const latest = new Map<string, { hour: number; pointId: number; offset: number; value: number }>();
    let repeated = 0;
    let replaced = 0;
    for (const [pointId, time, value] of samples) {
      const offset = ((time % HOUR_MS) + HOUR_MS) % HOUR_MS;
      const key = `${pointId}@${time}`;
      const earlier = latest.get(key);
      if (earlier !== undefined && Object.is(earlier.value, value)) repeated++;
      if (earlier !== undefined && !Object.is(earlier.value, value)) replaced++;
      latest.set(key, { hour: time - offset, pointId, offset, value });
    }
    const sorted = [...latest.values()].sort((a, b) => a.hour - b.hour || a.pointId - b.pointId || a.offset - b.offset);
    const rows: { hour: number; pointId: number; offsets: number[]; values: number[] }[] = [];
    for (const { hour, pointId, offset, value } of sorted) {
      let row = rows.at(-1);
      if (row?.hour !== hour || row.pointId !== pointId) rows.push((row = { hour, pointId, offsets: [], values: [] }));
      row.offsets.push(offset);
      row.values.push(value);
    }
    return { rows, repeated, replaced };
  }

  const anyTime = fc
    .tuple(fc.constantFrom(-490_001, -2, -1, 0, 1, 488_966, 488_967), anyOffset)
    .map(([hour, offset]) => hour * HOUR_MS + offset);
  const fewTimes = fc.constantFrom(-HOUR_MS, -1, 0, 1, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1);
  const anySample = fc.tuple(
    fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constant(2_147_483_647)),
    fc.oneof(anyTime, fewTimes),
    fc.oneof(fc.constantFrom(0, -0, 1), anyValue),
  );

  test("equals the naive grouping, for samples in any order with repeats and replacements", () => {
    let collisions = 0;
    fc.assert(
      fc.property(fc.array(anySample, { maxLength: 60, size: "max" }), (samples) => {
        const grouped = groupByHour(pointSamples(samples));
        expect(grouped).toStrictEqual(naive(samples));
        collisions += grouped.repeated + grouped.replaced;
      }),
      { numRuns: 500 },
    );
    expect(collisions).toBeGreaterThan(500);
  });

  test("0 and -0 are two values, and the later arrival wins", () => {
    const { rows, repeated, replaced } = groupByHour(
      pointSamples([
        [1, 5, 0],
        [1, 5, -0],
        [1, 5, -0],
      ]),
    );
    expect({ repeated, replaced }).toEqual({ repeated: 1, replaced: 1 });
    expect(rows[0]?.values).toStrictEqual([-0]);
  });

  test("looks at `length` rows only, and at none of an empty batch", () => {
    const padded = {
      ...pointSamples([
        [1, 5, 1],
        [2, 6, 2],
      ]),
      length: 1,
    };
    expect(groupByHour(padded).rows).toStrictEqual([{ hour: 0, pointId: 1, offsets: [5], values: [1] }]);
    expect(groupByHour(pointSamples([]))).toStrictEqual({ rows: [], repeated: 0, replaced: 0 });
  });
});
