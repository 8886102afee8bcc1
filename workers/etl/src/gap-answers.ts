import { GAP_CAUSES, GAP_STATES, type Gap, WHOLE_SITE } from "@building-vitals/core/gaps/gap";
import { REJECTION_REASONS } from "@building-vitals/core/domain/rejection";
import { z } from "zod";
import type { GapsRun } from "./gaps.ts";

const count = z.int().min(0);
const time = z.iso.datetime();

const detection = z.strictObject({
  days: count.meta({ description: "changed days that were scanned" }),
  remaining: count.meta({ description: "changed days that remain; the next run continues with them" }),
  rowsWritten: count,
  unreadable: z.array(z.strictObject({ day: z.iso.date(), reason: z.string() })),
});

const repair = z.strictObject({
  asked: count.meta({ description: "gaps that the API was asked about" }),
  windows: count,
  incomplete: count.meta({ description: "windows whose end the API did not confirm" }),
  requests: count,
  filled: count.meta({ description: "gaps that recovered samples and were asked for to their end" }),
  inserted: count.meta({ description: "recovered samples that were not stored before" }),
  changed: count,
  unchanged: count,
  rejected: z.partialRecord(z.enum(REJECTION_REASONS), count),
});

/** `POST /gaps/repair`. */
export const gapsRunSchema: z.ZodType<GapsRun> = z.strictObject({
  startTime: time,
  duration: z.number().meta({ description: "milliseconds" }),
  sites: z.array(
    z.union([
      z.strictObject({
        site: z.string(),
        detected: z
          .array(detection)
          .meta({ description: "before the requests to the API, and after samples were recovered" }),
        repair: repair.nullable().meta({ description: "null: the site was never synced" }),
      }),
      z.strictObject({ site: z.string(), error: z.string() }),
    ]),
  ),
  pruned: count,
});

/** A gap in `GET /gaps`. */
const gapSchema = z.strictObject({
  site: z.string(),
  point: z.string().nullable().meta({ description: "null: the whole site" }),
  start: time,
  end: time.nullable().meta({ description: "exclusive; null: open at the last scan" }),
  state: z.enum(GAP_STATES),
  cause: z.enum(GAP_CAUSES),
  detected_at: time,
  resolved_at: time.nullable(),
  attempts: count.meta({ description: "how often the API was asked about it" }),
  next_attempt_at: time.nullable().meta({ description: "null: the gap is closed" }),
  last_error: z.string().nullable(),
  filled_to: time.nullable().meta({
    description: "recovery is in progress: the API was asked up to here, and will be asked for the rest",
  }),
  samples_recovered: count,
});

/** `GET /gaps`. */
export const gapsSchema = z.strictObject({ gaps: z.array(gapSchema), next_cursor: z.string().nullable() });

const iso = (at: number) => new Date(at).toISOString();

/** @param siteName and `pointName`: null: the whole site */
export function shownGap(gap: Gap, siteName: string, pointName: string | null): z.infer<typeof gapSchema> {
  return {
    site: siteName,
    point: gap.pointId === WHOLE_SITE ? null : pointName,
    start: iso(gap.start),
    end: Number.isFinite(gap.end) ? iso(gap.end) : null,
    state: gap.state,
    cause: gap.cause,
    detected_at: iso(gap.detectedAt),
    resolved_at: gap.resolvedAt === null ? null : iso(gap.resolvedAt),
    attempts: gap.attempts,
    next_attempt_at: gap.state === "open" ? iso(gap.nextAttemptAt) : null,
    last_error: gap.lastError,
    filled_to: gap.filledTo === null ? null : iso(gap.filledTo),
    samples_recovered: gap.recovered,
  };
}
