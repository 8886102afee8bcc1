import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_MS } from "../domain/day.ts";
import { decodeBody, encodeBody, numberText, type PointPart, StoredRowError } from "./segment-body.ts";

const KEY = 22_400_123_456_789;
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
const anyOffset = fc.oneof(fc.constantFrom(0, 9, 10, DAY_MS - 1), fc.nat({ max: DAY_MS - 1 }));
const anyId = fc.oneof(fc.constantFrom(1, 127, 128, 2 ** 20 - 1), fc.integer({ min: 1, max: 2 ** 20 - 1 }));

/** Points with their samples in any order, each point and each offset once. */
const anyObject = fc.uniqueArray(
  fc.tuple(anyId, fc.uniqueArray(fc.tuple(anyOffset, anyValue), { selector: ([offset]) => offset, maxLength: 5 })),
  { selector: ([id]) => id, maxLength: 4 },
);
type Body = readonly (readonly [number, readonly (readonly [number, number])[]])[];

const partsOf = (body: Body): PointPart[] =>
  body.map(([pointId, pairs]) => ({
    pointId,
    offsets: pairs.map(([offset]) => offset),
    values: pairs.map(([, value]) => value),
  }));

const ascending = (body: Body): Body =>
  body.map(([pointId, pairs]) => [pointId, pairs.toSorted(([a], [b]) => a - b)] as const);

function decodeOrError(text: string): PointPart[] | StoredRowError {
  try {
    return decodeBody(KEY, text);
  } catch (error) {
    if (error instanceof StoredRowError) return error;
    throw error;
  }
}

test("the text of a finite double parses to the same bits", () => {
  for (const value of EXTREMES) expect(JSON.parse(numberText(-value))).toBe(-value);
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(JSON.parse(numberText(value))).toBe(value);
    }),
    { numRuns: 1_000 },
  );
});

test("the stored text is the documented JSON object", () => {
  const parts = [
    { pointId: 7, offsets: [0, 60_055, DAY_MS - 1], values: [-0, 25.517500000000002, 1e21] },
    { pointId: 12, offsets: [5], values: [3] },
  ];
  expect(encodeBody(parts)).toBe('{"7":{"0":-0,"60055":25.517500000000002,"86399999":1e+21},"12":{"5":3}}');
  expect(encodeBody([])).toBe("{}");
});

test("any body comes back bit for bit, with ascending offsets", () => {
  fc.assert(
    fc.property(anyObject, (body) => {
      const parts = partsOf(ascending(body));
      expect(decodeBody(KEY, encodeBody(parts))).toStrictEqual(parts);
      expect(decodeBody(KEY, encodeBody(partsOf(body)))).toStrictEqual(parts);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["{}", []],
  ['{"1":{}}', [{ pointId: 1, offsets: [], values: [] }]],
  ['{"1":{"0":-0}}', [{ pointId: 1, offsets: [0], values: [-0] }]],
  ['{"1":{"86399999":1E5}}', [{ pointId: 1, offsets: [DAY_MS - 1], values: [1e5] }]],
  [
    '{"2":{"0":1.50},"1":{"1":1e-999}}',
    [
      { pointId: 2, offsets: [0], values: [1.5] },
      { pointId: 1, offsets: [1], values: [0] },
    ],
  ],
])("%j is JSON as SQLite may write it, and is read", (text, parts) => {
  expect(decodeOrError(text)).toStrictEqual(parts);
});

describe("refuses a text that is not a body", () => {
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
    '{"1":1}',
    '{"1":null}',
    '{"1":[]}',
    '{"1":"{}"}',
    '{"1":{}',
    '{"1":{},}',
    '{"1":{}}}',
    '{"1":{} }',
    '{"1": {}}',
    '{ "1":{}}',
    '{"1" :{}}',
    '{"1":{},,"2":{}}',
    '{,"1":{}}',
    '{"1":{};"2":{}}',
    "{1:{}}",
    "{'1':{}}",
    '{"":{}}',
    '{"01":{}}',
    '{"-1":{}}',
    '{"1.5":{}}',
    '{"100000000":{}}',
    '{"18446744073709551616":{}}',
    '{"1"}',
    '{"1":}',
    '{"1":{},"1":{}}',
    '{"2":{},"1":{},"2":{"0":1}}',
  ])("%j", (text) => {
    expect(decodeOrError(text)).toBeInstanceOf(StoredRowError);
  });

  test.each([
    '{"0":1',
    '{"0":1,',
    '{"0":1,}',
    '{"0":1 }',
    '{"0": 1}',
    '{"0":1,,"1":1}',
    '{"00":1}',
    '{"01":1}',
    '{"+1":1}',
    '{"1e3":1}',
    '{"a":1}',
    '{"\u0661":1}',
    `{"${DAY_MS}":1}`,
    '{"99999999":1}',
    '{"100000000":1}',
    '{"0":"1"}',
    '{"0":null}',
    '{"0":true}',
    '{"0":[1]}',
    '{"0":{"1":1}}',
    '{"0":NaN}',
    '{"0":-Infinity}',
    '{"0":1e999}',
    '{"0":-1e999}',
    '{"0":+1}',
    '{"0":--1}',
    '{"0":-}',
    '{"0":.5}',
    '{"0":5.}',
    '{"0":5.e3}',
    '{"0":-01}',
    '{"0":1e}',
    '{"0":1e+}',
    '{"0":1.2.3}',
    '{"0":0x10}',
    '{"0":1_000}',
    '{"0":1n}',
    '{"0":1,"0":1}',
    '{"5":1,"3":2,"5":1}',
  ])("samples %j", (text) => {
    expect(decodeOrError(`{"1":${text}}`)).toBeInstanceOf(StoredRowError);
  });

  test("the error names the segment", () => {
    expect(() => decodeBody(KEY, '{"1":null}')).toThrow(/segment 22400123456789: has no object at 5/);
  });
});

/** Whether JSON.parse reads the text as exactly these parts, with no duplicate key. */
function agreesWithJson(text: string, parts: readonly PointPart[]): boolean {
  const keys = parts.length + parts.reduce((sum, { offsets }) => sum + offsets.length, 0);
  const parsed: unknown = JSON.parse(text);
  const again: unknown = JSON.parse(encodeBody(parts));
  const flat = (value: unknown): string =>
    typeof value === "object" && value !== null
      ? `{${Object.entries(value)
          .map(([key, member]) => `${key}:${flat(member)}`)
          .join()}}`
      : Object.is(value, -0)
        ? "-0"
        : String(value);
  return text.split(":").length - 1 === keys && flat(parsed) === flat(again);
}

test("damage to a body is refused, or read as JSON.parse reads it", () => {
  const text = anyObject.map((body) => encodeBody(partsOf(body)));
  const char = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...'0123456789+-.eE":,{}[] \t\\nulN\u0660'.split("")) },
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  );
  const how = fc.constantFrom("edit", "insert", "delete", "cut", "swap", "none");
  const counts = { read: 0, refused: 0 };
  fc.assert(
    fc.property(text, fc.nat(), char, how, (valid, at, put, damage) => {
      const i = at % valid.length;
      const damaged = {
        edit: valid.slice(0, i) + put + valid.slice(i + 1),
        insert: valid.slice(0, i) + put + valid.slice(i),
        delete: valid.slice(0, i) + valid.slice(i + 1),
        cut: valid.slice(0, i),
        swap: valid.slice(0, i) + valid.slice(i + 1, i + 2) + valid.slice(i, i + 1) + valid.slice(i + 2),
        none: valid,
      }[damage];
      const parts = decodeOrError(damaged);
      if (parts instanceof StoredRowError) {
        counts.refused++;
        if (damage === "none") expect.fail(parts.message);
      } else {
        counts.read++;
        if (!agreesWithJson(damaged, parts)) expect.fail(`JSON.parse reads ${damaged} differently`);
      }
    }),
    { numRuns: 1_000 },
  );
  expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(100);
});
