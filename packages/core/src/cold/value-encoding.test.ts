import { expect, test } from "vitest";
import { TEST_START } from "./arbitrary-day.ts";
import { readPoints } from "./day-file-reader.ts";
import { MemoryBucket } from "./memory-bucket.ts";
import { chooseValueEncoding } from "./value-encoding.ts";
import { linesOf, sampleLines, writeDay } from "./written-day.ts";

const ROWS = 4_000;
let seed = 1;
const noise = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
const valuesOf = (value: (row: number) => number) => Float64Array.from({ length: ROWS }, (_, row) => value(row));

const tenths = valuesOf(() => Math.round(noise() * 300) / 10);
const setpoints = valuesOf((row) => Math.floor(row / 1_000) * 1.1);
const singles = valuesOf(() => Math.fround(50 + noise()));
// The same, and zeros of both signs among them: what a dictionary keyed by number would make one of.
const signedZeros = tenths.map((value, row) => (row % 3 === 0 ? (row % 2 === 0 ? 0 : -0) : value));

test.each([
  ["readings by tenths", tenths, "RLE_DICTIONARY"],
  ["setpoints", setpoints, "PLAIN"],
  ["single-precision noise", singles, "BYTE_STREAM_SPLIT"],
])("%s are smallest as expected, and come back bit for bit", async (_, values, encoding) => {
  expect(chooseValueEncoding(values)).toBe(encoding);
  await expectBack(values);
});

test("a zero keeps its sign, for there is no dictionary where there is a negative zero", async () => {
  expect(chooseValueEncoding(signedZeros)).not.toBe("RLE_DICTIONARY");
  expect(chooseValueEncoding(signedZeros.map((value) => Math.abs(value)))).toBe("RLE_DICTIONARY");
  await expectBack(signedZeros);
});

async function expectBack(values: Float64Array): Promise<void> {
  const bucket = new MemoryBucket();
  const points = [{ name: "a", series: { times: values.map((__, row) => TEST_START + row), values } }];
  const { written, file } = await writeDay(bucket, points);
  expect(sampleLines(await readPoints(bucket, file, written.points))).toEqual(linesOf(points));
}
