import { expect, test } from "vitest";
import { TEST_START } from "./arbitrary-day.ts";
import { decodeTimes } from "./column-chunk.ts";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { writeColumnChunk } from "./column-chunk-writer.ts";
import { encodeDayTimes } from "./time-encoding.ts";

const MINUTES = 1_440;
let seed = 1;
const noise = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
const timesOf = (time: (minute: number) => number) =>
  Float64Array.from({ length: MINUTES }, (_, minute) => TEST_START + time(minute));

const even = timesOf((minute) => minute * 60_000);
const jittered = timesOf((minute) => minute * 60_000 + Math.floor(noise() * 2_400));

/** @returns bytes of the chunk, after the times were found to come back */
function roundTrip(points: Float64Array[]): number {
  const writer = new ByteWriter();
  writeColumnChunk(writer, { name: "timestamp", type: "INT64" }, { dictionary: null, data: [encodeDayTimes(points)] });
  const bytes = writer.getBytes();
  const rows = points.reduce((sum, { length }) => sum + length, 0);
  const all = points.flatMap((times) => [...times]);
  expect([...decodeTimes(bytes, rows, rows)]).toEqual(all);
  expect([...decodeTimes(bytes, rows, 1_000)]).toEqual(all.slice(0, 1_000));
  return bytes.length;
}

test("times of an even pace are differences, and next to nothing", () => {
  expect(encodeDayTimes([even, even]).encoding).toBe("DELTA_BINARY_PACKED");
  expect(roundTrip([even, even])).toBeLessThan(500);
});

test("times that all points share are stored about once", () => {
  const points = Array.from({ length: 12 }, () => jittered);
  expect(encodeDayTimes(points).encoding).toBe("PLAIN");
  expect(roundTrip(points)).toBeLessThan(2.5 * roundTrip([jittered]));
});

test("times of their own come back as well, up to the ends of the day", () => {
  const own = () => timesOf((minute) => minute * 60_000 + Math.floor(noise() * 59_999));
  const [first, last] = [TEST_START, TEST_START + 86_399_999];
  for (const points of [
    [own(), own(), own()],
    [Float64Array.of(first, last), Float64Array.of(last - 1), own()],
    [Float64Array.of(last), even],
  ]) {
    expect(roundTrip(points)).toBeGreaterThan(0);
  }
});
