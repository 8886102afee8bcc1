import { decodeBody, encodeBody, StoredRowError } from "@building-vitals/core/store/segment-body";
import { z } from "zod";
import { open, seal } from "./envelope.ts";
import { checkMonth, generateMonth } from "./month.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateJson } from "./mutate-json.ts";
import type { Random } from "./random.ts";
import { checkSlice, generateSlice } from "./slice.ts";
import { checkSpill, generateSpill } from "./spill.ts";
import { expectSame, type FuzzTarget, Mismatch, type Outcome } from "./target.ts";

const decoder = new TextDecoder();

const DAY_MS = 86_400_000;
const NUMBERS = [0, -0, 1, -1, 25.517500000000002, 1e21, 5e-324, Number.MAX_VALUE, 70.1, 86_399_999] as const;

/** The points and samples of a body in the order of the text. JSON.parse would drop duplicates. */
const POINT = /"(\d+)":\{([^{}]*)\}/g;
const ENTRY = /"(\d+)":(-?[0-9][0-9.eE+-]*)/g;

function validSegment(random: Random): string {
  const ids = [...new Set(Array.from({ length: 1 + random.below(4) }, () => random.below(2 ** 20)))];
  return encodeBody(
    ids.map((pointId) => {
      const offsets = [...new Set(Array.from({ length: random.below(6) }, () => random.below(DAY_MS)))];
      offsets.sort((a, b) => a - b);
      return { pointId, offsets, values: offsets.map(() => random.pick(NUMBERS)) };
    }),
  );
}

function checkSegment(text: string): Outcome {
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
  const areDistinct = isDistinct(parts.map(({ pointId }) => pointId)) && parts.every((one) => isDistinct(one.offsets));
  if (!areDistinct || !parts.every(({ values }) => values.every(Number.isFinite))) throw new Mismatch("bad samples");
  return "accepted";
}

const headSchema = z.object({ format: z.enum(["segment", "slice", "month", "spill"]), valid: z.string().optional() });

/** Data that D1 and R2 hold between runs: segments, slices of hourly aggregates, packed months, spills. */
export const stored: FuzzTarget = {
  generate: (random) => {
    if (random.chance(0.2)) return generateSpill(random);
    if (random.chance(0.2)) return generateMonth(random);
    if (random.chance(0.6)) return generateSlice(random);
    const [text, other] = [validSegment(random), validSegment(random)];
    const bytes = random.chance(0.5)
      ? Buffer.from(mutateJson(random, text, other))
      : mutateBytes(random, Buffer.from(text), Buffer.from(other));
    return seal({ format: "segment" }, bytes);
  },
  check: async (input) => {
    const { head, bytes } = open(input);
    const { format } = headSchema.parse(head);
    if (format === "spill") return checkSpill(input);
    if (format === "slice") return checkSlice(input);
    if (format === "month") return checkMonth(input);
    try {
      return checkSegment(decoder.decode(bytes));
    } catch (error) {
      if (error instanceof StoredRowError) return "refused";
      throw error;
    }
  },
};
