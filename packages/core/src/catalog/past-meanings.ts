import { z } from "zod";
import { jsonChunks, MAX_UNICODE_CHARS } from "../d1/json-chunks.ts";
import type { Cadence } from "../domain/expectation.ts";
import type { PointDescription } from "../domain/point.ts";
import type { TimeRange } from "../domain/time-range.ts";

/** The meaning of a point before a change of the upstream's list. */
export interface PastMeaning {
  /** end of this meaning, exclusive, epoch ms; it begins at the end of the meaning before */
  readonly until: number;
  /** normalised symbol; null: none was known */
  readonly unit: string | null;
  /** seconds between samples as configured; null: not configured */
  readonly intervalS: number | null;
}

/**
 * Notes the present meaning of points that a list describes differently. The change lies after the previous list, and
 * not before the upstream's own time of it. A value that becomes known for the first time is no change: it also holds
 * for all earlier samples. A new interpretation of the same spelling, after an update of this code, is no change
 * either. ?1: site, ?2: JSON array of [name, unit, seconds between samples, time of the upstream's change, unit as
 * spelled], ?3: now.
 */
const NOTE = `
INSERT INTO past_meanings (point_id, until, unit, interval_s)
SELECT p.id, min(?3, max(coalesce(s.catalog_at, ?3), coalesce(e.value ->> 3, 0))), p.unit,
  CASE WHEN p.interval_source = 'configured' THEN p.interval_s END
FROM json_each(?2) e
CROSS JOIN sites s ON s.id = ?1
CROSS JOIN points p ON p.site_id = ?1 AND p.name = e.value ->> 0
WHERE (p.unit IS NOT NULL AND p.unit IS NOT e.value ->> 1 AND (p.unit_raw IS NULL OR p.unit_raw IS NOT e.value ->> 4))
  OR (p.interval_source = 'configured' AND p.interval_s IS NOT e.value ->> 2)
ON CONFLICT (point_id, until) DO NOTHING`;

/**
 * The statements that note past meanings. They run in the transaction that applies the list, before it. @param at epoch
 * ms
 */
export function noteMeanings(
  db: D1Database,
  siteId: number,
  points: readonly PointDescription[],
  at: number,
): D1PreparedStatement[] {
  const statement = db.prepare(NOTE);
  const encode = ({ name, unit, unitRaw, intervalS, updatedAt }: PointDescription) =>
    JSON.stringify([name, unit, intervalS, updatedAt, unitRaw]);
  return [...jsonChunks(points, encode, MAX_UNICODE_CHARS)].map(({ json }) => statement.bind(siteId, json, at));
}

/** The past meanings of the point `p` as JSON: the input of {@link parseMeanings}. */
export const PAST_MEANINGS =
  "(SELECT json_group_array(json_array(m.until, m.unit, m.interval_s)) FROM past_meanings m WHERE m.point_id = p.id)";

/** The past meanings of a point that never changed. */
export const NEVER: readonly PastMeaning[] = [];
const meaningsSchema = z.array(z.tuple([z.int(), z.string().nullable(), z.int().nullable()]));

/** @returns ascending by `until` @throws {z.ZodError} for other input than {@link PAST_MEANINGS} gives */
export function parseMeanings(json: string): readonly PastMeaning[] {
  if (json === "[]") return NEVER;
  const rows = meaningsSchema.parse(JSON.parse(json)).map(([until, unit, intervalS]) => ({ until, unit, intervalS }));
  return rows.sort((a, b) => a.until - b.until);
}

/** A point over all time: its present meaning and its past ones. */
export interface PointMeanings extends Cadence {
  /** normalised symbol; null: none, or unknown */
  readonly unit: string | null;
  /** ascending by `until` */
  readonly past: readonly PastMeaning[];
}

/** The meaning of a point's samples throughout a stretch of time. */
export interface Meaning extends Cadence {
  /** half-open, epoch ms; infinite at both ends of time */
  readonly range: TimeRange;
  readonly unit: string | null;
}

/**
 * The meaning of a point in a range: the cadence that it kept longest, and its unit, null if that changed. Where no
 * cadence was configured, the present one is used.
 */
export function meaningIn(point: PointMeanings, { start, end }: TimeRange): Omit<Meaning, "range"> {
  const [first = point, ...others] = meaningsOf(point)
    .map((meaning) => ({ ...meaning, ms: Math.min(meaning.range.end, end) - Math.max(meaning.range.start, start) }))
    .filter(({ ms }) => ms > 0)
    .sort((a, b) => b.ms - a.ms);
  const unit = others.every((meaning) => meaning.unit === first.unit) ? first.unit : null;
  const { intervalS, intervalSource } = first.intervalS === null ? point : first;
  return { unit, intervalS, intervalSource };
}

/** The stretches of time with one meaning each, ascending and without a hole. */
export function meaningsOf({ unit, intervalS, intervalSource, past }: PointMeanings): Meaning[] {
  const meanings = past.map((meaning, i): Meaning => {
    const range = { start: past[i - 1]?.until ?? Number.NEGATIVE_INFINITY, end: meaning.until };
    const source = meaning.intervalS === null ? null : "configured";
    return { range, unit: meaning.unit, intervalS: meaning.intervalS, intervalSource: source };
  });
  const start = past.at(-1)?.until ?? Number.NEGATIVE_INFINITY;
  return [...meanings, { range: { start, end: Number.POSITIVE_INFINITY }, unit, intervalS, intervalSource }];
}
