import { describe, expect, test } from "vitest";
import { DAY_MS, dayStart } from "../domain/day.ts";
import { monthDays } from "../domain/month.ts";
import { TEST_MONTH, TEST_START } from "../../test/arbitrary-day.ts";
import { decodeTimes } from "./column-chunk-reader.ts";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { writeColumnChunk } from "./column-chunk-writer.ts";
import { encodeDayTimes, encodeMonthTimes, isEven } from "./time-encoding.ts";

const MINUTES = 1_440;
let seed = 1;
const noise = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
const timesOf = (time: (minute: number) => number) =>
  Float64Array.from({ length: MINUTES }, (_, minute) => TEST_START + time(minute));

const even = timesOf((minute) => minute * 60_000);
const jittered = timesOf((minute) => minute * 60_000 + Math.floor(noise() * 2_400));

/** Encodes times, checks that they decode to the same, and returns the chunk's bytes. */
function roundTrip(points: Float64Array[], encode = encodeDayTimes): number {
  const writer = new ByteWriter();
  writeColumnChunk(writer, { name: "timestamp", type: "INT64" }, { dictionary: null, data: [encode(points)] });
  const bytes = writer.getBytes();
  const rows = points.reduce((sum, { length }) => sum + length, 0);
  const all = points.flatMap((times) => [...times]);
  expect([...decodeTimes(bytes, rows, rows)]).toEqual(all);
  const some = Math.min(rows, 1_000);
  expect([...decodeTimes(bytes, rows, some)]).toEqual(all.slice(0, some));
  return bytes.length;
}

test("evenly spaced times take almost no bytes", () => {
  expect(encodeDayTimes([even, even]).encoding).toBe("DELTA_BINARY_PACKED");
  expect(roundTrip([even, even])).toBeLessThan(500);
});

test("shared times are stored about once", () => {
  const points = Array.from({ length: 12 }, () => jittered);
  expect(encodeDayTimes(points).encoding).toBe("PLAIN");
  expect(roundTrip(points)).toBeLessThan(2.5 * roundTrip([jittered]));
});

test("unshared times come back, up to the ends of the day", () => {
  const irregular = () => timesOf((minute) => minute * 60_000 + Math.floor(noise() * 59_999));
  const [first, last] = [TEST_START, TEST_START + 86_399_999];
  for (const points of [
    [irregular(), irregular(), irregular()],
    [Float64Array.of(first, last), Float64Array.of(last - 1), irregular()],
    [Float64Array.of(last), even],
  ]) {
    expect(roundTrip(points)).toBeGreaterThan(0);
  }
});

describe("times of a month", () => {
  const LENGTH = 31 * DAY_MS;
  const start = dayStart(monthDays(TEST_MONTH).first);
  const month = (time: (minute: number) => number) =>
    Float64Array.from({ length: 31 * MINUTES }, (_, minute) => start + time(minute));
  const evenly = month((minute) => minute * 60_000);
  const jitter = month((minute) => minute * 60_000 + Math.floor(noise() * 200));
  // Not a multiple of a miniblock's 32 differences.
  const ragged = jitter.filter((_, minute) => minute % 71 !== 3);

  test("take almost no bytes if evenly spaced", () => {
    expect(roundTrip([evenly], encodeMonthTimes)).toBeLessThan(200);
    expect(roundTrip([evenly, evenly, evenly], encodeMonthTimes)).toBeLessThan(500);
  });

  test.each([
    ["jittered", jitter],
    ["jittered and ragged", ragged],
  ])("are stored about once if shared: %s", (_, times) => {
    const alone = roundTrip([times], encodeMonthTimes);
    const shared = roundTrip([times, times, times, times, times], encodeMonthTimes);
    expect(shared).toBeLessThan(2 * alone);
    // Plain times take 1.6 times as much.
    expect(shared).toBeLessThan(0.65 * roundTrip([times, times, times, times, times]));
  });

  test("are packed in bits if unshared, also beside shared ones", () => {
    const irregular = () => month((minute) => minute * 60_000 + Math.floor(noise() * 200));
    const points = [irregular(), irregular(), irregular(), irregular(), irregular()];
    const alone = points.reduce((sum, times) => sum + roundTrip([times], encodeMonthTimes), 0);
    expect(roundTrip(points, encodeMonthTimes)).toBeLessThan(1.01 * alone);
  });

  test("come back across the whole month, with differences of 33 bits", () => {
    const [first, last] = [start, start + LENGTH - 1];
    expect(last - first).toBeGreaterThan(2 ** 31);
    for (const points of [
      [Float64Array.of(first, last), Float64Array.of(first, last), ragged],
      [Float64Array.of(last), Float64Array.of(first), Float64Array.of(last), evenly],
      [Float64Array.of(first, first + 1, last), Float64Array.of(first), jitter, jitter],
      [jitter, Float64Array.of(last), jitter, Float64Array.of(first, last)],
    ]) {
      expect(roundTrip(points, encodeMonthTimes)).toBeGreaterThan(0);
      expect(roundTrip(points)).toBeGreaterThan(0);
    }
  });

  test.each([
    ["even", evenly, true],
    ["with some samples missing", evenly.filter((_, minute) => minute % 30 !== 7), true],
    ["with many missing", evenly.filter((_, minute) => minute % 7 !== 3), false],
    ["jittered", jitter, false],
    ["of one sample", evenly.subarray(0, 1), true],
  ])("isEven: %s", (_, times, isOf) => {
    expect(isEven(times)).toBe(isOf);
  });
});
