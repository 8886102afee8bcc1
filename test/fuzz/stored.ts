import {
  type HourAggregate,
  hourAggregatesText,
  parseHourAggregates,
  StoredHoursError,
} from "@building-vitals/core/block-days/hour-aggregates";
import { locatorText, parseLocator, StoredLocatorError } from "@building-vitals/core/block-days/locator";
import { decodeBody, encodeBody, StoredRowError } from "@building-vitals/core/store/segment-body";
import { z } from "zod";
import { open, seal } from "./envelope.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateJson } from "./mutate-json.ts";
import type { Random } from "./random.ts";
import { checkSpill, generateSpill } from "./spill.ts";
import { expectSame, type FuzzTarget, Mismatch, type Outcome } from "./target.ts";

const decoder = new TextDecoder();

const DAY_MS = 86_400_000;
const NUMBERS = [0, -0, 1, -1, 25.517500000000002, 1e21, 5e-324, Number.MAX_VALUE, 70.1, 86_399_999] as const;

/** The points and the samples of a body in the order of the text; JSON.parse would lose one that stands there twice. */
const POINT = /"(\d+)":\{([^{}]*)\}/g;
const ENTRY = /"(\d+)":(-?[0-9][0-9.eE+-]*)/g;

const formats = {
  segment: {
    make: (random: Random) => {
      const ids = [...new Set(Array.from({ length: 1 + random.below(4) }, () => random.below(2 ** 20)))];
      return encodeBody(
        ids.map((pointId) => {
          const offsets = [...new Set(Array.from({ length: random.below(6) }, () => random.below(DAY_MS)))];
          offsets.sort((a, b) => a - b);
          return { pointId, offsets, values: offsets.map(() => random.pick(NUMBERS)) };
        }),
      );
    },
    check: (text: string): Outcome => {
      const parts = decodeBody(1, text);
      JSON.parse(text);
      const expected = Array.from(text.matchAll(POINT), ([, pointId, samples]) => {
        const entries = Array.from(samples!.matchAll(ENTRY), ([, offset, value]) => [Number(offset), Number(value)]);
        return [Number(pointId), entries.toSorted(([a], [b]) => a! - b!)];
      });
      expectSame(
        parts.map(({ pointId, offsets, values }) => [pointId, offsets.map((offset, i) => [offset, values[i]])]),
        expected,
        "a segment",
      );
      const isDistinct = (list: readonly number[]) => new Set(list).size === list.length;
      const areDistinct =
        isDistinct(parts.map(({ pointId }) => pointId)) && parts.every((one) => isDistinct(one.offsets));
      if (!areDistinct || !parts.every(({ values }) => values.every(Number.isFinite)))
        throw new Mismatch("bad samples");
      return "accepted";
    },
    refusal: StoredRowError,
  },
  hours: {
    make: (random: Random) => {
      const hours = Array.from({ length: 24 }, (): HourAggregate | null => {
        if (random.chance(0.4)) return null;
        const values = [random.pick(NUMBERS), random.pick(NUMBERS), random.pick(NUMBERS)];
        const sum = values.reduce((all, value) => all + value);
        return { n: 1 + random.below(60), min: Math.min(...values), max: Math.max(...values), sum };
      });
      return hourAggregatesText(hours);
    },
    check: (text: string): Outcome => {
      const json = z.array(z.union([z.literal(0), z.array(z.unknown())])).parse(JSON.parse(text));
      const expected = json.map((hour) => {
        if (hour === 0) return null;
        const [n, min, max, sum] = z.array(z.unknown()).parse(hour);
        return hour.length === 2 ? { n, min, max: min, sum: Number(n) * Number(min) } : { n, min, max, sum };
      });
      const hours = parseHourAggregates(text);
      expectSame(hours, expected, "hour aggregates");
      expectSame(parseHourAggregates(hourAggregatesText(hours)), hours, "hour aggregates written again");
      const fits = hours.every((hour) => hour === null || (hour.n >= 1 && hour.min <= hour.max));
      if (!fits) throw new Mismatch("sums that no samples have");
      return "accepted";
    },
    refusal: StoredHoursError,
  },
  locator: {
    make: (random: Random) => {
      const rows = 1 + random.below(100_000);
      const firstRow = random.below(rows);
      const [timeBytes, nameBytes, valueBytes] = [
        1 + random.below(9_999),
        1 + random.below(999),
        1 + random.below(9_999),
      ];
      const group = { offset: 4 + random.below(2 ** 24), timeBytes, nameBytes, valueBytes, rows, crc32: random.next() };
      return locatorText({ group, firstRow, rows: 1 + random.below(rows - firstRow) });
    },
    check: (text: string): Outcome => {
      const { group, firstRow, rows } = parseLocator(text);
      const { offset, timeBytes, nameBytes, valueBytes, rows: ofGroup, crc32 } = group;
      expectSame(
        [offset, timeBytes, nameBytes, valueBytes, ofGroup, crc32, firstRow, rows],
        JSON.parse(text),
        "a locator",
      );
      if (firstRow + rows > ofGroup || timeBytes + nameBytes + valueBytes > 2 ** 26)
        throw new Mismatch("a locator beyond");
      return "accepted";
    },
    refusal: StoredLocatorError,
  },
};
const FORMATS = ["segment", "hours", "locator"] as const;

const headSchema = z.object({ format: z.enum([...FORMATS, "spill"]), valid: z.string().optional() });

/** What D1 and R2 hold between one run and the next: segments, hourly aggregates, locators, spills. */
export const stored: FuzzTarget = {
  generate: (random) => {
    if (random.chance(0.2)) return generateSpill(random);
    const format = random.pick(FORMATS);
    const { make } = formats[format];
    const [text, other] = [make(random), make(random)];
    const bytes = random.chance(0.5)
      ? Buffer.from(mutateJson(random, text, other))
      : mutateBytes(random, Buffer.from(text), Buffer.from(other));
    return seal({ format }, bytes);
  },
  check: async (input) => {
    const { head, bytes } = open(input);
    const { format } = headSchema.parse(head);
    if (format === "spill") return checkSpill(input);
    const { check, refusal } = formats[format];
    const text = decoder.decode(bytes);
    try {
      return check(text);
    } catch (error) {
      if (error instanceof refusal) return "refused";
      if (format === "hours" && !(error instanceof Mismatch)) return refusedHours(text);
      throw error;
    }
  },
};

/** The oracle could not read it: then nobody may. */
function refusedHours(text: string): Outcome {
  try {
    parseHourAggregates(text);
  } catch (error) {
    if (error instanceof StoredHoursError) return "refused";
    throw error;
  }
  throw new Mismatch("hour aggregates that are no JSON of ours were read");
}
