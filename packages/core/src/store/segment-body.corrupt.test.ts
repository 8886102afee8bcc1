import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOUR_MS } from "../domain/hour.ts";
import { decodeSamples, encodeSamples, type HourRow, StoredRowError } from "./hour-row.ts";

function decodeOrError(text: string): HourRow | StoredRowError {
  try {
    return decodeSamples(1_760_277_600_000, 7, text);
  } catch (error) {
    if (error instanceof StoredRowError) return error;
    throw error;
  }
}

describe("a text that encodeSamples and json_patch do not write is refused", () => {
  test.each([
    "",
    "{",
    "}",
    "[]",
    "null",
    "0",
    "{}}",
    "{},",
    " {}",
    "{} ",
    "{ }",
    "[1]",
    '{"0":1',
    '{"0":1,',
    '{"0":1,}',
    '{"0":1}}',
    '{"0":1} ',
    '{"0":1 }',
    '{"0": 1}',
    '{ "0":1}',
    '{"0" :1}',
    '{"0":1,,"1":1}',
    '{,"0":1}',
    '{"0":1;"1":1}',
    "{0:1}",
    "{'0':1}",
    '{"":1}',
    '{"00":1}',
    '{"01":1}',
    '{"-1":1}',
    '{"+1":1}',
    '{"1.5":1}',
    '{"1e3":1}',
    '{"a":1}',
    '{"\u0661":1}',
    `{"${HOUR_MS}":1}`,
    '{"9999999":1}',
    '{"10000000":1}',
    '{"18446744073709551616":1}',
    '{"0"}',
    '{"0":}',
    '{"0":,"1":1}',
    '{"0":"1"}',
    '{"0":null}',
    '{"0":true}',
    '{"0":[1]}',
    '{"0":{"1":1}}',
    '{"0":NaN}',
    '{"0":Infinity}',
    '{"0":-Infinity}',
    '{"0":1e999}',
    '{"0":-1e999}',
    '{"0":+1}',
    '{"0":--1}',
    '{"0":-}',
    '{"0":.5}',
    '{"0":-.5}',
    '{"0":5.}',
    '{"0":5.e3}',
    '{"0":01}',
    '{"0":-01}',
    '{"0":00}',
    '{"0":1e}',
    '{"0":1e+}',
    '{"0":1.2.3}',
    '{"0":1-2}',
    '{"0":0x10}',
    '{"0":1_000}',
    '{"0":1n}',
    '{"0":1,"0":1}',
    '{"0":1,"0":2}',
    '{"5":1,"3":2,"5":1}',
  ])("%j", (text) => {
    expect(decodeOrError(text)).toBeInstanceOf(StoredRowError);
  });

  test("the error names the row", () => {
    expect(() => decodeSamples(3_600_000, 42, '{"0":null}')).toThrow(/hour 3600000, point 42/);
  });
});

test.each([
  ["{}", [], []],
  ['{"0":0}', [0], [0]],
  ['{"0":-0}', [0], [-0]],
  ['{"3599999":1E5}', [3_599_999], [1e5]],
  ['{"0":1.50,"1":1e-999}', [0, 1], [1.5, 0]],
])("%j is the same to JSON.parse, and is read", (text, offsets, values) => {
  expect(decodeOrError(text)).toMatchObject({ offsets, values });
});

/** True if JSON.parse reads the text as exactly these samples, no key of it standing there twice. */
function agreesWithJson(text: string, row: HourRow): boolean {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return false;
  const entries = Object.entries(parsed);
  const again = Object.entries<unknown>(JSON.parse(encodeSamples(row)));
  return (
    entries.length === row.offsets.length &&
    entries.length === text.split(":").length - 1 &&
    entries.every(([key, value], i) => key === again[i]?.[0] && Object.is(value, again[i]?.[1]))
  );
}

test("any small damage to a stored text is refused, or read exactly as JSON.parse reads it", () => {
  const offset = fc.oneof(fc.constantFrom(0, 9, 10, 359_999, 360_000, HOUR_MS - 1), fc.nat({ max: HOUR_MS - 1 }));
  const value = fc.oneof(
    fc.constantFrom(0, -0, 1, 10, 25.517500000000002, 1e21, 5e-324, 1.7976931348623157e308),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const text = fc
    .dictionary(offset.map(String), value, { maxKeys: 6, noNullPrototype: true })
    .map((samples) => Object.entries(samples))
    .map((pairs) => ({
      hour: 0,
      pointId: 1,
      offsets: pairs.map(([key]) => Number(key)),
      values: pairs.map(([, v]) => v),
    }))
    .map(encodeSamples);
  const char = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...'0123456789+-.eE":,{}[] \t\\nulN\u0660'.split("")) },
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  );
  const damage = fc.record({
    at: fc.nat(),
    char,
    how: fc.constantFrom("edit", "insert", "delete", "cut", "swap", "none"),
  });

  let read = 0;
  let refused = 0;
  fc.assert(
    fc.property(text, damage, (valid, { at, char: put, how }) => {
      const i = at % valid.length;
      const damaged = {
        edit: valid.slice(0, i) + put + valid.slice(i + 1),
        insert: valid.slice(0, i) + put + valid.slice(i),
        delete: valid.slice(0, i) + valid.slice(i + 1),
        cut: valid.slice(0, i),
        swap: valid.slice(0, i) + valid.slice(i + 1, i + 2) + valid.slice(i, i + 1) + valid.slice(i + 2),
        none: valid,
      }[how];
      const row = decodeOrError(damaged);
      if (row instanceof StoredRowError) {
        refused++;
        expect(how).not.toBe("none");
      } else {
        read++;
        expect({ damaged, agrees: agreesWithJson(damaged, row) }).toEqual({ damaged, agrees: true });
      }
    }),
    { numRuns: 3_000 },
  );
  // Both outcomes were met: neither half of this test is empty.
  expect(Math.min(read, refused)).toBeGreaterThan(300);
});
