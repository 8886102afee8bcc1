import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numericTime, parseTime, sameMicrosecond } from "./time.ts";

const BASE = Date.UTC(2025, 9, 12, 14, 50, 36);

describe("parseTime", () => {
  it.each([
    ["2025-10-12T14:50:36", BASE],
    ["2025-10-12T14:50:36.055960", BASE + 55],
    ["2025-10-12T14:50:36.000000", BASE],
    ["2025-10-12T14:50:36.000999", BASE],
    ["2025-10-12T14:50:36.999999", BASE + 999],
    ["2025-10-12T14:50:36.999999999", BASE + 999],
    ["2025-10-12T14:50:36.5", BASE + 500],
    ["2025-10-12T14:50:36.05", BASE + 50],
    ["2025-10-12T14:50:36.005", BASE + 5],
    ["2025-10-12 14:50:36.055960", BASE + 55],
    ["2025-10-12T14:50:36Z", BASE],
    ["2025-10-12T14:50:36.055960Z", BASE + 55],
    ["2025-10-12T14:50:36+00:00", BASE],
    ["2025-10-12T14:50:36-00:00", BASE],
    ["2025-10-12 14:50:36.055960+00:00", BASE + 55],
    ["2025-10-12T09:50:36.5-05:00", BASE + 500],
    ["2025-10-12T20:20:36+05:30", BASE],
    ["2025-10-13T14:49:36+23:59", BASE],
    ["1970-01-01T00:00:00", 0],
    ["1969-12-31T23:59:59.999999", -1],
    ["2024-02-29T00:00:00", Date.UTC(2024, 1, 29)],
    ["2000-02-29T23:59:59", Date.UTC(2000, 1, 29, 23, 59, 59)],
    ["2025-12-31T23:59:59", Date.UTC(2025, 11, 31, 23, 59, 59)],
    ["2025-01-01T01:00:00+02:00", Date.UTC(2024, 11, 31, 23)],
    ["9999-12-31T23:59:59.999", Date.UTC(9999, 11, 31, 23, 59, 59, 999)],
    ["0000-01-01T00:00:00", Date.parse("0000-01-01T00:00:00Z")],
  ])("%s", (text, ms) => {
    expect(parseTime(text)).toBe(ms);
  });

  it.each([
    "",
    "now",
    "null",
    "1760280636",
    "2025-10-12",
    "2025-10-12T14:50",
    "2025-10-12T14:50:3",
    "2025-10-12T14:50:36.",
    "2025-10-12T14:50:36.Z",
    "2025-10-12T14:50:36.0559601234",
    "2025-10-12T14:50:36,055",
    "2025-10-12t14:50:36",
    "2025-10-12_14:50:36",
    "2025-10-12  14:50:36",
    "2025/10/12T14:50:36",
    "2025-10-12T14.50.36",
    " 2025-10-12T14:50:36",
    "2025-10-12T14:50:36 ",
    "2025-10-12T14:50:36z",
    "2025-10-12T14:50:36Zulu",
    "2025-10-12T14:50:36+0000",
    "2025-10-12T14:50:36+00",
    "2025-10-12T14:50:36+24:00",
    "2025-10-12T14:50:36+01:60",
    "2025-10-12T14:50:36+00:00Z",
    "2025-10-12T14:50:36 +00:00",
    "2025-13-01T00:00:00",
    "2025-00-01T00:00:00",
    "2025-01-00T00:00:00",
    "2025-01-32T00:00:00",
    "2025-04-31T00:00:00",
    "2025-02-29T00:00:00",
    "2025-02-30T00:00:00",
    "1900-02-29T00:00:00",
    "2025-10-12T24:00:00",
    "2025-10-12T23:60:00",
    "2025-10-12T23:59:60",
    "-025-10-12T14:50:36",
    "+2025-10-12T14:50:36",
    "2O25-10-12T14:50:36",
    "2025-1a-12T14:50:36",
    "２０２５-10-12T14:50:36",
  ])("refuses %j", (text) => {
    expect(parseTime(text)).toBeNaN();
  });

  it("agrees with Date.UTC on all dates, existing or not", () => {
    const part = (max: number) => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: 100, max: 9999 }), part(14), part(33), part(25), part(61), part(61), part(999_999)),
        fc.constantFrom("T", " "),
        fc.constantFrom("", "Z", "+00:00"),
        ([year, month, day, hour, minute, second, micros], separator, zone) => {
          const two = (n: number) => String(n).padStart(2, "0");
          const fraction = String(micros).padStart(6, "0");
          const text =
            `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}${separator}` +
            `${two(hour)}:${two(minute)}:${two(second)}.${fraction}${zone}`;
          const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
          // Date.UTC carries excess into the next unit; only an existing date comes back unchanged
          const exists =
            date.getUTCFullYear() === year &&
            date.getUTCMonth() === month - 1 &&
            date.getUTCDate() === day &&
            date.getUTCHours() === hour &&
            date.getUTCMinutes() === minute &&
            date.getUTCSeconds() === second;
          expect(parseTime(text)).toBe(exists ? date.getTime() + Math.floor(micros / 1000) : Number.NaN);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("parses every instant that Date writes, in any zone", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(101, 0), max: Date.UTC(9998, 11) }),
        fc.integer({ min: -(24 * 60 - 1), max: 24 * 60 - 1 }),
        (ms, offset) => {
          const local = new Date(ms + offset * 60_000).toISOString().slice(0, -1);
          const minutes = Math.abs(offset);
          const two = (n: number) => String(n).padStart(2, "0");
          const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
          expect(parseTime(new Date(ms).toISOString())).toBe(ms);
          expect(parseTime(local + zone)).toBe(ms);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("numericTime", () => {
  it.each([
    [1_760_280_636, 1_760_280_636_000],
    [1_760_280_636.789, 1_760_280_636_789],
    [1_760_280_636.0559, 1_760_280_636_055],
    [1_760_280_636_789, 1_760_280_636_789],
    [1_760_280_636_789.9, 1_760_280_636_789],
    [0, 0],
    [-1, -1000],
    [99_999_999_999, 99_999_999_999_000],
    [100_000_000_000, 100_000_000_000],
    [8.64e15, 8.64e15],
    [8.65e15, Number.NaN],
    [Number.POSITIVE_INFINITY, Number.NaN],
  ])("%d", (time, ms) => {
    expect(numericTime(time)).toBe(ms);
  });

  it("truncates fractional seconds exactly at the millisecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (ms) => {
        expect(numericTime(Number(`${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}`))).toBe(ms);
      }),
      { numRuns: 500 },
    );
  });
});

describe("sameMicrosecond", () => {
  it.each([
    ["2025-10-12T14:50:36", "2025-10-12T14:50:36.000000", true],
    ["2025-10-12T14:50:36.5", "2025-10-12 14:50:36.500000Z", true],
    ["2025-10-12T14:50:36.5+05:30", "2025-10-12T09:20:36.500000", true],
    ["2025-10-12T14:50:36.055960", "2025-10-12T14:50:36.055960999", true],
    ["2025-10-12T14:50:36.055960", "2025-10-12T14:50:36.055961", false],
    ["2025-10-12T14:50:36.055960", "2025-10-12T14:50:36.056960", false],
    ["2025-10-12T14:50:36.0001", "2025-10-12T14:50:36.000100", true],
    ["2025-10-12T14:50:36.0001", "2025-10-12T14:50:36.00001", false],
    ["2025-10-12T14:50:36.05+01:00", "2025-10-12T13:50:36.050000", true],
    ["x", "x", false],
  ])("%s and %s: %s", (a, b, same) => {
    expect(sameMicrosecond(a, b)).toBe(same);
    expect(sameMicrosecond(b, a)).toBe(same);
  });
});
