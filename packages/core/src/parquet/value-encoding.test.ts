import { expect, test } from "vitest";
import { TEST_START } from "../../test/arbitrary-day.ts";
import { readPoints } from "./file-reader.ts";
import { MemoryBucket } from "../../test/memory-bucket.ts";
import { encodeValues } from "./value-encoding.ts";
import { linesOf, sampleLines, writeDay } from "../../test/written-day.ts";

const ROWS = 4_000;
let seed = 1;
const noise = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
const valuesOf = (value: (row: number) => number) => Float64Array.from({ length: ROWS }, (_, row) => value(row));

const tenths = valuesOf(() => Math.round(noise() * 300) / 10);
const setpoint = valuesOf(() => 21.5);
const singles = valuesOf(() => Math.fround(50 + noise()));
// Mostly distinct values in steps of a ninth, like minute means of real rooms (426.55555555555554).
const slowMeans = valuesOf((row) => 400 + row / 90 + Math.floor(noise() * 9) / 9);
// The same with zeros of both signs, which a dictionary keyed by number would merge.
const signedZeros = tenths.map((value, row) => (row % 3 === 0 ? (row % 2 === 0 ? 0 : -0) : value));

const encodingsOf = (...points: Float64Array[]) => encodeValues(points).data.map(({ encoding }) => encoding);

test.each([
  ["readings by tenths", tenths, "RLE_DICTIONARY"],
  ["a status", valuesOf(() => Math.round(noise())), "RLE_DICTIONARY"],
  ["a setpoint", setpoint, "PLAIN"],
  ["single-precision noise", singles, "BYTE_STREAM_SPLIT"],
  ["means of a few readings that change slowly", slowMeans, "PLAIN"],
])("%s: the smallest page, and values come back bit for bit", async (_, values, encoding) => {
  expect(encodingsOf(values)).toEqual([encoding]);
  await expectBack(values);
});

test("a negative zero keeps its sign: no dictionary is used", async () => {
  expect(encodingsOf(signedZeros)).not.toContain("RLE_DICTIONARY");
  expect(encodingsOf(signedZeros.map((value) => Math.abs(value)))).toEqual(["RLE_DICTIONARY"]);
  await expectBack(signedZeros);
});

test("each point has its best encoding, and all share one dictionary", async () => {
  const halves = tenths.map((value) => value / 2);
  const { dictionary, data } = encodeValues([singles, halves, setpoint, tenths]);
  expect(data.map(({ encoding }) => encoding)).toEqual([
    "BYTE_STREAM_SPLIT",
    "RLE_DICTIONARY",
    "PLAIN",
    "RLE_DICTIONARY",
  ]);
  expect(dictionary?.values).toBe(new Set([...halves, ...tenths]).size);
  await expectBack(singles, halves, setpoint, tenths);
});

test("indexes come back for one to 2,000 distinct values", async () => {
  const cycling = (distinct: number) => valuesOf((row) => ((row * 7_919) % distinct) / 10);
  const points = [1, 2, 3, 255, 256, 257, 1_000, 2_000].map(cycling);
  expect(new Set(encodingsOf(...points)).has("RLE_DICTIONARY")).toBe(true);
  await expectBack(...points);
});

async function expectBack(...ofPoints: Float64Array[]): Promise<void> {
  const bucket = new MemoryBucket();
  const points = ofPoints.map((values, i) => {
    return { name: `point ${i}`, series: { times: values.map((__, row) => TEST_START + row), values } };
  });
  const { written, file } = await writeDay(bucket, points);
  expect(sampleLines(await readPoints(bucket, file, written.points))).toEqual(linesOf(points));
}
