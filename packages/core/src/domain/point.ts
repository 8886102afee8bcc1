import { z } from "zod";

/** A point's tags: the upstream's `kv_tags` and `marker_tags`. The stored JSON of `points.tags`. */
export const pointTagsSchema = z.object({
  kv: z.record(z.string(), z.string()),
  markers: z.array(z.string()),
});
export type PointTags = z.infer<typeof pointTagsSchema>;

/**
 * Whether something can be a point's name: Unicode text. Of half a surrogate D1 would make another text, and the same one
 * of every half, so that the samples of two points were one's.
 */
export function isPointName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.isWellFormed();
}

/** What is known of a point beside its samples. */
export interface PointDescription {
  /** the upstream's name, unique in its site; 31-115 characters, with slashes */
  readonly name: string;
  /** a name for people; null where the upstream has none */
  readonly label: string | null;
  /** normalised symbol such as `°F`; the upstream's spelling where we do not know it; null: none */
  readonly unit: string | null;
  /** the upstream's spelling, such as `degrees-fahrenheit`; null: none */
  readonly unitRaw: string | null;
  readonly tags: PointTags;
  /** seconds between samples as configured upstream; null: not configured */
  readonly intervalS: number | null;
  /** when the upstream says that it changed the point last, epoch ms; null: it does not say */
  readonly updatedAt: number | null;
}

/** A point whose name alone is known. */
export function undescribed(name: string): PointDescription {
  const tags = { kv: {}, markers: [] };
  return { name, label: null, unit: null, unitRaw: null, tags, intervalS: null, updatedAt: null };
}
