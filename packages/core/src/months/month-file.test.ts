import fc from "fast-check";
import { expect, test } from "vitest";
import { buildMonth, monthLines, TEST_BUILD, writeDays } from "../../test/month-world.ts";
import { arbitraryMonth, type DayOfMonth, TEST_MONTH, TEST_SITE } from "../../test/arbitrary-day.ts";
import { readPoints, readPointsByFooter, scanDayFile } from "../parquet/file-reader.ts";
import { readFooter } from "../parquet/footer.ts";
import { MemoryBucket } from "../../test/memory-bucket.ts";
import { monthFileKey } from "../r2/month-file-key.ts";
import type { NamedSeries } from "../parquet/row-group-writer.ts";
import { sampleLines } from "../../test/written-day.ts";
import { dayStart } from "../domain/day.ts";
import { monthDays } from "../domain/month.ts";
import { stagedLocators } from "./put-month-file.ts";
import { sourceEtags } from "./month-build.ts";

const KEY = monthFileKey(TEST_SITE, TEST_MONTH);

/** Every way to read the month file returns each sample of its day files once. */
async function expectWhole(days: readonly DayOfMonth[], rows: number): Promise<number> {
  const bucket = new MemoryBucket();
  const sources = await writeDays(bucket, days);
  const { parts, etag, bytes, rows: count } = await buildMonth(bucket, sources, rows);
  const expected = monthLines(days);
  expect(count).toBe(expected.length);
  expect(bucket.stored(KEY).bytes).toHaveLength(bytes);
  const located = [];
  for (const { number } of parts) located.push(...(await stagedLocators(bucket, TEST_BUILD, parts, number)));
  const file = { key: KEY, etag, month: TEST_MONTH, bytes };
  expect(sampleLines(await readPoints(bucket, file, located))).toEqual(expected);
  const footer = await readFooter(bucket, file);
  expect(footer).toMatchObject({ month: TEST_MONTH, days: sourceEtags(TEST_BUILD, sources), rows: expected.length });
  const names = located.map(({ name }) => name);
  expect(sampleLines(await readPointsByFooter(bucket, KEY, footer, names))).toEqual(expected);
  const scanned: [string, NamedSeries["series"]][] = [];
  const locators = [];
  for await (const { name, series, locator } of scanDayFile(bucket, file)) {
    scanned.push([name, series]);
    locators.push({ name, locator });
  }
  expect(sampleLines(scanned)).toEqual(expected);
  expect(locators).toEqual(located);
  return parts.length;
}

test("a month file has each sample of its day files once", async () => {
  let most = 0;
  const check = async (days: DayOfMonth[], rows: number) => {
    most = Math.max(most, await expectWhole(days, rows));
  };
  await fc.assert(fc.asyncProperty(arbitraryMonth, fc.constantFrom(1, 200, 100_000), check), { numRuns: 100 });
  expect(most).toBeGreaterThan(2);
});

test.each([
  ["in a part of its own", 1],
  ["in a part with others", 100_000_000],
])("a point with too many samples, %s, is left out and costs no other", async (_, rows) => {
  const { first } = monthDays(TEST_MONTH);
  const PER_DAY = 210_000;
  const dense = (index: number): NamedSeries["series"] => ({
    times: Float64Array.from({ length: PER_DAY }, (__, i) => dayStart(first + index) + i * 400),
    values: new Float64Array(PER_DAY).fill(index),
  });
  const plain = (index: number): NamedSeries["series"] => ({
    times: Float64Array.of(dayStart(first + index) + 1),
    values: Float64Array.of(index / 3),
  });
  const days = [0, 1, 2, 3, 4].map((index) => ({
    index,
    points: ["a", "dense", "z"].map((name) => ({ name, series: name === "dense" ? dense(index) : plain(index) })),
  }));
  const bucket = new MemoryBucket();
  const { parts, etag, bytes, rows: count } = await buildMonth(bucket, await writeDays(bucket, days), rows);
  expect(count).toBe(2 * days.length);
  expect(parts.reduce((sum, { rowsLeftOut }) => sum + rowsLeftOut, 0)).toBe(days.length * PER_DAY);
  const located = [];
  for (const { number } of parts) located.push(...(await stagedLocators(bucket, TEST_BUILD, parts, number)));
  expect(located.map(({ name }) => name)).toEqual(["a", "z"]);
  const file = { key: KEY, etag, month: TEST_MONTH, bytes };
  const without = days.map(({ index, points }) => ({ index, points: points.filter(({ name }) => name !== "dense") }));
  expect(sampleLines(await readPoints(bucket, file, located))).toEqual(monthLines(without));
});
