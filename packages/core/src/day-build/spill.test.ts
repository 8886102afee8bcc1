import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOUR_MS } from "../domain/hour.ts";
import { EMPTY_SERIES, type Series } from "../domain/samples.ts";
import { DayFileChanged, DayFileCorrupt, DayFileMissing } from "../r2/file-error.ts";
import type { SortedHour } from "./sorted-hour.ts";
import { BLOCK_ROWS, encodeSpill } from "./spill-format.ts";
import { SpillReader } from "./spill-reader.ts";

const bucket = env.TIMESERIES;
const START = 489_000 * HOUR_MS;

type Point = readonly [id: number, samples: readonly (readonly [offset: number, value: number])[]];

function sortedOf(points: readonly Point[]): SortedHour {
  const samples = points.flatMap(([, samplesOfPoint]) => samplesOfPoint);
  return {
    pointIds: Int32Array.from(points, ([id]) => id),
    names: 7,
    rows: Int32Array.from(points, ([, samplesOfPoint]) => samplesOfPoint.length),
    times: Float64Array.from(samples, ([offset]) => START + offset),
    values: Float64Array.from(samples, ([, value]) => value),
  };
}

/** A point's samples, copied into the middle of a series whose ends must stay unchanged. */
async function takeNext(reader: SpillReader): Promise<{ id: number; into: Series }> {
  const { pointId: id, pointRows } = reader;
  const into = { times: new Float64Array(pointRows + 3).fill(-1), values: new Float64Array(pointRows + 3).fill(-1) };
  await reader.take(into, 2);
  return { id: id!, into };
}

function pointOf({ id, into: { times, values } }: { id: number; into: Series }): Point {
  expect([times, values].map((column) => [column[0], column[1], column.at(-1)])).toEqual([
    [-1, -1, -1],
    [-1, -1, -1],
  ]);
  return [id, Array.from(times.subarray(2, -1), (time, i) => [time - START, values[i + 2]!] as const)];
}

/** Compared only after all are read, to detect overwritten samples. */
async function readAll(reader: SpillReader): Promise<Point[]> {
  const taken = [];
  while (reader.pointId !== null) taken.push(await takeNext(reader));
  expect(reader.pointRows).toBe(0);
  return taken.map(pointOf);
}

/** `n` points of `rows` samples with incompressible values. */
function many(n: number, rows: number): Point[] {
  let seed = 1;
  const noise = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 3;
  return Array.from({ length: n }, (_, id) => [id, Array.from({ length: rows }, (__, i) => [i * 7, noise()] as const)]);
}

const SOURCE = { records: 7, rejected: { unconfigured: 3, null: 1 } };

test("any hour is read back bit for bit", async () => {
  const value = fc.oneof(fc.constantFrom(0, -0, 5e-324), fc.double({ noNaN: true, noDefaultInfinity: true }));
  const samples = fc
    .uniqueArray(fc.tuple(fc.integer({ min: 0, max: HOUR_MS - 1 }), value), {
      selector: ([at]) => at,
      minLength: 1,
      maxLength: 8,
    })
    .map((drawn) => drawn.sort(([a], [b]) => a - b));
  const hour = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 2 ** 20 - 1 }), samples), { selector: ([id]) => id });
  await fc.assert(
    fc.asyncProperty(hour, async (points) => {
      await bucket.put("spill", encodeSpill(START, sortedOf(points), SOURCE));
      const reader = await SpillReader.open(bucket, "spill");
      expect(reader.index).toMatchObject({ hour: START, names: 7, ...SOURCE });
      expect(await readAll(reader)).toEqual(points);
      await expect(reader.take(EMPTY_SERIES, 0)).rejects.toThrow(RangeError);
    }),
    { numRuns: 50 },
  );
});

test("a large hour is read by ranges, block by block, each byte at most once", async () => {
  const points = many(120, 1_000);
  const spill = encodeSpill(START, sortedOf(points), SOURCE);
  await bucket.put("large", spill);
  const lengths: number[] = [];
  const watched: Parameters<typeof SpillReader.open>[0] = {
    get: (key, options) => {
      lengths.push("length" in options.range ? options.range.length : options.range.suffix);
      return bucket.get(key, options);
    },
  };
  const reader = await SpillReader.open(watched, "large");
  expect(reader.index.blocks.length).toBe(Math.ceil(120 / Math.floor(BLOCK_ROWS / 1_000)));
  expect(await readAll(reader)).toEqual(points);
  expect(lengths.length).toBeGreaterThan(5);
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThan(spill.length + 64 * 1024);
});

test("a point can be read again after its range failed", async () => {
  const points = many(40, 1_000);
  await bucket.put("flaky", encodeSpill(START, sortedOf(points), SOURCE));
  let gets = 0;
  const flaky: Parameters<typeof SpillReader.open>[0] = {
    get: (key, options) => (++gets % 2 === 0 ? Promise.reject(new Error("no answer")) : bucket.get(key, options)),
  };
  const reader = await SpillReader.open(flaky, "flaky");
  const taken = [];
  let failures = 0;
  while (reader.pointId !== null) {
    try {
      taken.push(await takeNext(reader));
    } catch {
      failures++;
    }
  }
  expect(failures).toBeGreaterThan(1);
  expect(taken.map(pointOf)).toEqual(points);
});

test("two spills can be read side by side in any order", async () => {
  const days = [many(50, 1_000), many(70, 700)] as const;
  for (const [i, points] of days.entries()) await bucket.put(`turn ${i}`, encodeSpill(START, sortedOf(points), SOURCE));
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.boolean()), async (turns) => {
      const [a, b] = await Promise.all([SpillReader.open(bucket, "turn 0"), SpillReader.open(bucket, "turn 1")]);
      const taken: [Awaited<ReturnType<typeof takeNext>>[], Awaited<ReturnType<typeof takeNext>>[]] = [[], []];
      while (a.pointId !== null || b.pointId !== null) {
        const isFirst = b.pointId === null || (a.pointId !== null && turns.next().value === true);
        taken[isFirst ? 0 : 1].push(await takeNext(isFirst ? a : b));
      }
      expect(taken.map((points) => points.map(pointOf))).toEqual(days);
    }),
    { numRuns: 5 },
  );
});

test("a point with more rows than a block has its own block", async () => {
  const points = [...many(1, 3), [1, many(1, BLOCK_ROWS + 1)[0]![1]] as const, [2, [[5, 1]]] as const];
  await bucket.put("wide", encodeSpill(START, sortedOf(points), SOURCE));
  const reader = await SpillReader.open(bucket, "wide");
  expect(reader.index.blocks.map((block) => [...block.pointIds])).toEqual([[0], [1], [2]]);
  expect(await readAll(reader)).toEqual(points);
});

describe("damaged bytes", () => {
  const points = many(40, 1_000);
  const spill = encodeSpill(START, sortedOf(points), SOURCE);
  const read = async (bytes: Uint8Array) => {
    await bucket.put("damaged", bytes);
    return readAll(await SpillReader.open(bucket, "damaged"));
  };

  test("are an error, whichever bit is flipped", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: spill.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const damaged = spill.slice();
          damaged[at]! ^= 1 << bit;
          await expect(read(damaged)).rejects.toThrow(DayFileCorrupt);
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([0, 15, 16, 1_000])("are an error if cut to their first or last %i", async (length) => {
    await expect(read(spill.subarray(0, length))).rejects.toThrow(DayFileCorrupt);
    await expect(read(length === 0 ? spill.subarray(0, 0) : spill.subarray(-length))).rejects.toThrow(DayFileCorrupt);
  });

  test("a spill that is replaced while it is read is an error", async () => {
    await bucket.put("replaced", spill);
    const reader = await SpillReader.open(bucket, "replaced");
    await bucket.put("replaced", encodeSpill(START, sortedOf(many(41, 1_000)), SOURCE));
    await expect(readAll(reader)).rejects.toThrow(DayFileChanged);
  });

  test("an absent spill is missing", async () => {
    await expect(SpillReader.open(bucket, "nothing")).rejects.toThrow(DayFileMissing);
  });
});
