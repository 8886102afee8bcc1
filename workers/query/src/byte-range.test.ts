import fc from "fast-check";
import { expect, test } from "vitest";
import { namesEtag, parseByteRange } from "./byte-range.ts";

test.each([
  [null, 10, "all"],
  ["bytes=0-0", 10, { offset: 0, length: 1 }],
  ["bytes=0-9", 10, { offset: 0, length: 10 }],
  ["Bytes=3-", 10, { offset: 3, length: 7 }],
  ["bytes=9-", 10, { offset: 9, length: 1 }],
  ["bytes=10-", 10, "unsatisfiable"],
  ["bytes=10-20", 10, "unsatisfiable"],
  ["bytes=5-99999", 10, { offset: 5, length: 5 }],
  ["bytes=-3", 10, { offset: 7, length: 3 }],
  ["bytes=-99", 10, { offset: 0, length: 10 }],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=5-4", 10, "all"],
  ["bytes=0-1,3-4", 10, "all"],
  ["bytes=", 10, "all"],
  ["bytes=-", 10, "all"],
  ["rows=0-1", 10, "all"],
  ["bytes=0x1-2", 10, "all"],
] as const)("%s of %i bytes", (header, size, range) => {
  expect(parseByteRange(header, size)).toEqual(range);
});

test("a range selects the same bytes as slicing an array by its bounds", () => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), fc.integer({ min: 1, max: 15 }), (first, further, size) => {
      const bytes = Array.from({ length: size }, (_, i) => i);
      const range = parseByteRange(`bytes=${first}-${first + further}`, size);
      const expected = bytes.slice(first, first + further + 1);
      const found = typeof range === "string" ? [] : bytes.slice(range.offset, range.offset + range.length);
      expect(found).toEqual(expected);
      expect(range === "unsatisfiable").toBe(expected.length === 0);
    }),
  );
});

test.each([
  [null, false],
  ["*", true],
  ['"a"', true],
  ['W/"a"', true],
  ['"b", "a"', true],
  ['"b"', false],
  ["a", false],
  ["", false],
])("if-none-match %s", (header, isNamed) => {
  expect(namesEtag(header, '"a"')).toBe(isNamed);
});
