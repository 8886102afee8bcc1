import { zstdDecompressSync } from "node:zlib";
import { StoredHoursError } from "@building-vitals/core/rollups/hour-aggregates";
import { decodeSlice } from "@building-vitals/core/rollups/hour-slice";
import { locatorNumbers, StoredLocatorError } from "@building-vitals/core/parquet/locator";
import { decodePointMonth, encodePointMonth, type PointMonth } from "@building-vitals/core/rollups/point-month";
import { z } from "zod";
import { open, seal } from "./envelope.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import type { Random } from "./random.ts";
import { plainEdges, validLocator, validSlice } from "./slice.ts";
import { expectSame, Mismatch, type Outcome } from "./target.ts";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

function validMonth(random: Random): PointMonth {
  const days = Array.from({ length: 28 + random.below(4) }, () => {
    if (random.chance(0.2)) return null;
    const generation = 1 + random.below(9);
    if (random.chance(0.2)) return { generation, slice: null };
    return { generation, slice: { hours: decodeSlice(validSlice(random)).hours, locator: validLocator(random) } };
  });
  return { days, file: random.chance(0.5) ? null : { generation: 1 + random.below(9), locator: validLocator(random) } };
}

export function generateMonth(random: Random): Uint8Array {
  const [month, other] = [encodePointMonth(validMonth(random)), encodePointMonth(validMonth(random))];
  const head = random.chance(0.5) ? month.head : mutateBytes(random, month.head, other.head);
  const hours = random.chance(0.5) ? month.hours : mutateBytes(random, month.hours, other.hours);
  return seal({ format: "month", headBytes: head.length }, Buffer.concat([head, hours]));
}

const headSchema = z.object({ headBytes: z.int() });

/** A month is refused, or read as {@link readSlowly} reads it. */
export function checkMonth(input: Uint8Array): Outcome {
  const { head: about, bytes } = open(input);
  const { headBytes } = headSchema.parse(about);
  const stored = { head: bytes.subarray(0, headBytes), hours: bytes.subarray(headBytes) };
  let month: PointMonth;
  try {
    month = decodePointMonth(stored);
  } catch (error) {
    if (error instanceof StoredHoursError || error instanceof StoredLocatorError) return "refused";
    throw error;
  }
  const plain = {
    file: month.file && [month.file.generation, ...locatorNumbers(month.file.locator)],
    days: month.days.map(
      (day) => day && [day.generation, day.slice && [locatorNumbers(day.slice.locator), day.slice.hours]],
    ),
  };
  expectSame(plain, readSlowly(stored.head, stored.hours), "a month");
  expectSame(decodePointMonth(encodePointMonth(month)), month, "a month written again");
  return "accepted";
}

/** The layout of docs/storage-format.md, byte by byte. */
function readSlowly(head: Uint8Array, hours: Uint8Array) {
  const [form, flags] = [head[0], head[1]!];
  if (form !== 2) throw new Mismatch("a month of another form was read");
  const front = { bytes: head, at: 2 };
  const locator = () => Array.from({ length: 8 }, () => varint(front));
  const file = (flags & 1) === 0 ? null : [varint(front), ...locator()];
  const numbers = Array.from({ length: head[front.at++]! }, () => varint(front));
  const filed = numbers.filter((number) => number % 2 === 1).map(() => ({ locator: locator() }));
  if (front.at !== head.length) throw new Mismatch("bytes behind a head were passed over");

  const back = { bytes: hours, at: 0 };
  const count = varint(back);
  const widths = [8, 8, 8, 8, 8, 8, 8, 4, 4, 4, 4, 4];
  const kinds = widths.map(() => hours[back.at++]!);
  const sizes = widths.map((_, i) => (i === widths.length - 1 ? filed.length : count));
  const valueOf = (bytes: Uint8Array, at: number, width: number) => {
    const view = new DataView(Uint8Array.from(bytes.subarray(at, at + width)).buffer);
    return width === 8 ? view.getFloat64(0, true) : view.getUint32(0, true);
  };
  const ones = kinds.map((kind, i) => {
    if (kind !== 1) return null;
    back.at += widths[i]!;
    return valueOf(hours, back.at - widths[i]!, widths[i]!);
  });
  const frame = kinds.includes(2) ? zstdDecompressSync(hours.subarray(back.at)) : new Uint8Array(0);
  let at = 0;
  const columns = kinds.map((kind, i) => {
    if (kind === 0) return null;
    if (kind === 1) return Array.from({ length: sizes[i]! }, () => ones[i]!);
    at += widths[i]! * sizes[i]!;
    const start = at - widths[i]! * sizes[i]!;
    return Array.from({ length: sizes[i]! }, (_, one) => valueOf(frame, start + one * widths[i]!, widths[i]!));
  });
  if (at !== frame.length) throw new Mismatch("bytes behind a frame's columns were passed over");
  const [min, max, sum, first, last, fallFrom, fallTo, n, falls, firstS, lastS, masks] = columns;
  let place = 0;
  const slices = filed.map(({ locator: own }, day) => [
    own,
    HOURS.map((hour) => {
      if (Math.floor((masks?.[day] ?? 0) / 2 ** hour) % 2 === 0) return null;
      const i = place++;
      const [samples, low] = [n![i]!, min![i]!];
      const high = max?.[i] ?? low;
      const edges = [falls, first, last, firstS, lastS, fallFrom, fallTo].map((column) => column?.[i]);
      return { n: samples, min: low, max: high, sum: sum?.[i] ?? samples * low, edges: plainEdges(edges, low, high) };
    }),
  ]);
  return {
    file,
    days: numbers.map((number) => {
      if (number === 0) return null;
      return [Math.floor(number / 2), number % 2 === 0 ? null : slices.shift()!];
    }),
  };
}

function varint(cursor: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) throw new Mismatch("a month was read beyond its end");
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return Number(value);
  }
}
