import { GAP_CAUSES, GAP_STATES, type Gap } from "@building-vitals/core/gaps/gap";
import { z } from "zod";

/** Largest number of gaps in an answer. */
export const MAX_GAPS = 1_000;

/** A time range that lacks expected samples. */
export const gapSchema = z.strictObject({
  point: z.string().nullable().meta({ description: "null: the whole site" }),
  start: z.iso.datetime(),
  end: z.iso.datetime().nullable().meta({ description: "exclusive; null: open at the last scan" }),
  state: z.enum(GAP_STATES),
  cause: z.enum(GAP_CAUSES),
  samples_recovered: z.int(),
});

/** @param point its name; null: the whole site */
export function shownGap(
  { start, end, state, cause, recovered }: Gap,
  point: string | null,
): z.infer<typeof gapSchema> {
  return {
    point,
    start: new Date(start).toISOString(),
    end: Number.isFinite(end) ? new Date(end).toISOString() : null,
    state,
    cause,
    samples_recovered: recovered,
  };
}
