import fc from "fast-check";
import { expect, test } from "vitest";
import { type Locator, locatorText, parseLocator, StoredLocatorError } from "./locator.ts";

const arbitraryLocator = fc
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
  .map(({ before, own, after, ...group }): Locator => {
    return { group: { ...group, rows: before + own + after }, firstRow: before, rows: own };
  });

test("comes back from its text", () => {
  fc.assert(
    fc.property(arbitraryLocator, (locator) => {
      expect(parseLocator(locatorText(locator))).toEqual(locator);
    }),
  );
});

test("is short enough to be kept for every point and day", () => {
  const group = {
    offset: 8_123_456,
    timeBytes: 154,
    nameBytes: 169,
    valueBytes: 13_900,
    rows: 11_520,
    crc32: 0xffff_ffff,
  };
  expect(locatorText({ group, firstRow: 10_080, rows: 1_440 })).toBe(
    "[8123456,154,169,13900,11520,4294967295,10080,1440]",
  );
});

test.each([
  "",
  "{}",
  "null",
  "[1,2,3]",
  "[4,1,1,1,10,0,0,11]",
  "[4,1,1,1,10,0,10,1]",
  "[4,1,1,1,10,0,-1,1]",
  "[4,1,1,1,10,0,0,0]",
  "[4,1,1,1,10,4294967296,0,1]",
  "[4,1,1,1,10,-1,0,1]",
  "[0,1,1,1,10,0,0,1]",
  "[4,0,1,1,10,0,0,1]",
  "[4,1,1,1,10.5,0,0,1]",
  '[4,1,1,1,"10",0,0,1]',
  "[4,1,1,1,10,0,0,1,1]",
  "[4,1,1,1,10,0,0,1e99]",
  "[4,1,1,1,null,0,0,1]",
])("%s is no locator", (text) => {
  expect(() => parseLocator(text)).toThrow(StoredLocatorError);
});
