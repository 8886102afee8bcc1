import { type HourAggregate, type HourEdges, StoredHoursError } from "@building-vitals/core/rollups/hour-aggregates";
import { decodeCounts, decodeSlice, encodeSlice } from "@building-vitals/core/rollups/hour-slice";
import { type Locator, locatorNumbers, StoredLocatorError } from "@building-vitals/core/parquet/locator";
import { open, seal } from "./envelope.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import type { Random } from "./random.ts";
import { expectSame, Mismatch, type Outcome } from "./target.ts";

const NUMBERS = [0, -0, 1, -1, 25.517500000000002, 1e21, 5e-324, Number.MAX_VALUE, 70.1, 86_399_999] as const;
const WIDTHS = [3, 8, 8, 8] as const;
/** falls, first, last, seconds of the first and last sample, and both values of the fall */
const EDGE_WIDTHS = [3, 8, 8, 3, 3, 8, 8] as const;

export function validSlice(random: Random): Uint8Array {
  const hours = Array.from({ length: 24 }, (): HourAggregate | null => {
    if (random.chance(0.4)) return null;
    const values = [random.pick(NUMBERS), random.pick(NUMBERS), random.pick(NUMBERS)];
    const sum = values.reduce((all, value) => all + value);
    const [min, max] = [Math.min(...values), Math.max(...values)];
    return { n: 1 + random.below(60), min, max, sum, edges: validEdges(random, min, max) };
  });
  return encodeSlice({ hours, locator: random.chance(0.5) ? null : validLocator(random) });
}

function validEdges(random: Random, min: number, max: number): HourEdges | null {
  if (random.chance(0.5)) return null;
  const firstS = random.below(1800);
  const times = { firstS, lastS: firstS + random.below(1800) };
  if (random.chance(0.5) || min >= max) return { first: min, last: max, ...times, fall: null };
  return { first: random.pick([min, max]), last: random.pick([min, max]), ...times, fall: { from: max, to: min } };
}

export function validLocator(random: Random): Locator {
  const rows = 1 + random.below(100_000);
  const firstRow = random.below(rows);
  const extent = {
    timeBytes: 1 + random.below(9_999),
    nameBytes: 1 + random.below(999),
    valueBytes: 1 + random.below(9_999),
  };
  const group = { offset: 4 + random.below(2 ** 24), ...extent, rows, crc32: random.next() };
  return { group, firstRow, rows: 1 + random.below(rows - firstRow) };
}

export function generateSlice(random: Random): Uint8Array {
  const bytes = mutateBytes(random, validSlice(random), validSlice(random));
  return seal({ format: "slice" }, bytes);
}

/** A slice is refused, or read as {@link readSlowly} reads it. */
export function checkSlice(input: Uint8Array): Outcome {
  const { bytes } = open(input);
  let slice: ReturnType<typeof decodeSlice>;
  try {
    slice = decodeSlice(bytes);
  } catch (error) {
    if (error instanceof StoredHoursError || error instanceof StoredLocatorError) return "refused";
    throw error;
  }
  const { hours, locator } = slice;
  const expected = readSlowly(bytes);
  expectSame(hours, expected.hours, "hourly aggregates");
  expectSame(locator === null ? null : locatorNumbers(locator), expected.locator, "a locator");
  expectSame(
    decodeCounts(bytes),
    hours.map((hour) => hour?.n ?? 0),
    "hourly counts",
  );
  expectSame(decodeSlice(encodeSlice(slice)), slice, "a slice written again");
  if (!hours.every((hour) => hour === null || (hour.n >= 1 && hour.min <= hour.max)))
    throw new Mismatch("sums that no samples have");
  if (locator !== null && locator.firstRow + locator.rows > locator.group.rows)
    throw new Mismatch("a locator beyond its group");
  return "accepted";
}

/** The layout of docs/storage-format.md, byte by byte. */
function readSlowly(bytes: Uint8Array) {
  const rest = [...bytes];
  const take = () => {
    const byte = rest.shift();
    if (byte === undefined) throw new Mismatch("a slice was read beyond its end");
    return byte;
  };
  const [form, flags] = [take(), take()];
  if (form !== 2) throw new Mismatch("a slice of another form was read");
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = take();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(value);
    }
  };
  const locator = (flags & 1) === 0 ? null : Array.from({ length: 8 }, varint);
  const mask = take() + 256 * take() + 65_536 * take();
  const present = Array.from({ length: 24 }, (_, hour) => hour).filter(
    (hour) => Math.floor(mask / 2 ** hour) % 2 === 1,
  );
  const widths = (flags & 4) === 0 ? WIDTHS : [...WIDTHS, ...EDGE_WIDTHS];
  const columns = present.length === 0 ? [] : widths.map((width) => readColumn(take, width, present.length));
  if (rest.length > 0) throw new Mismatch("bytes behind a slice were passed over");
  const [n, min, max, sum, ...edges] = columns;
  const whole = (column: DataView[] | null | undefined, i: number) => column?.[i]?.getUint32(0);
  const hours: (HourAggregate | null)[] = Array.from({ length: 24 }, () => null);
  for (const [i, hour] of present.entries()) {
    const count = n![i]!.getUint32(0);
    const low = min![i]!.getFloat64(0);
    const high = max?.[i]?.getFloat64(0) ?? low;
    hours[hour] = {
      n: count,
      min: low,
      max: high,
      sum: sum?.[i]?.getFloat64(0) ?? count * low,
      edges: plainEdges(
        edges.map((column, c) => (EDGE_WIDTHS[c] === 3 ? whole(column, i) : column?.[i]?.getFloat64(0))),
        low,
        high,
      ),
    };
  }
  return { hours, locator };
}

/** The edges of the values of their columns, in the order of docs/storage-format.md; undefined: a rule computes it. */
export function plainEdges(values: readonly (number | undefined)[], low: number, high: number): HourEdges | null {
  const [falls = 2, first = low, last = high, firstS = 0, lastS = 0, from = 0, to = 0] = values;
  if (falls === 2) return null;
  return { first, last, firstS, lastS, fall: falls === 1 ? { from, to } : null };
}

/** null: left out */
function readColumn(take: () => number, width: number, count: number): DataView[] | null {
  const header = take();
  if (header === 255) return null;
  const front = Array.from({ length: header >> 4 }, take);
  return Array.from({ length: count }, () => {
    const own = Array.from({ length: header & 15 }, take);
    const bytes = [...front, ...own];
    // an integer of three bytes behind a zero, so that it is read as one of four
    const front0 = width === 3 ? [0] : [];
    return new DataView(Uint8Array.from([...front0, ...Array.from({ length: width }, (_, i) => bytes[i] ?? 0)]).buffer);
  });
}
