import fc from "fast-check";
import { expect, test } from "vitest";
import { formatMicroseconds, formatSeconds, parseMicroseconds } from "./ace-time.ts";

const us = (ms: number, micros = 0): number => ms * 1000 + micros;

test.each([
  ["2025-10-12T14:50:36.055960", us(Date.UTC(2025, 9, 12, 14, 50, 36, 55), 960)],
  ["2025-10-12 14:50:36", us(Date.UTC(2025, 9, 12, 14, 50, 36))],
  ["2025-10-12T14:50:36.5Z", us(Date.UTC(2025, 9, 12, 14, 50, 36, 500))],
  ["2025-10-12T14:50:36+00:00", us(Date.UTC(2025, 9, 12, 14, 50, 36))],
  ["2025-10-12T14:50:36-05:00", us(Date.UTC(2025, 9, 12, 19, 50, 36))],
  ["2025-10-12", us(Date.UTC(2025, 9, 12))],
  ["2024-02-29T00:00", us(Date.UTC(2024, 1, 29))],
])("%s is a time", (text, expected) => {
  expect(parseMicroseconds(text)).toBe(expected);
});

test.each([
  "",
  "yesterday",
  "2025-02-29",
  "2025-13-01",
  "2025-01-00",
  "2025-01-01T24:00:00",
  "2025-01-01T10:60",
  "17000",
])("%j is not a time", (text) => {
  expect(parseMicroseconds(text)).toBeUndefined();
});

test("formats have six fractional digits or none, and no zone", () => {
  const time = us(Date.UTC(2025, 9, 12, 14, 50, 36, 5), 7);
  expect(formatMicroseconds(time)).toBe("2025-10-12T14:50:36.005007");
  expect(formatSeconds(time)).toBe("2025-10-12T14:50:36");
});

test("a formatted time parses back to itself", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e15 }), (time) => {
      expect(parseMicroseconds(formatMicroseconds(time))).toBe(time);
    }),
  );
});
