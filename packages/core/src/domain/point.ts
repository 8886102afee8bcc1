import { z } from "zod";

/** A point's tags: the upstream's `kv_tags` and `marker_tags`. The stored JSON of `points.tags`. */
export const pointTagsSchema = z.object({
  kv: z.record(z.string(), z.string()),
  markers: z.array(z.string()),
});
export type PointTags = z.infer<typeof pointTagsSchema>;

/**
 * Whether a value can be a point's name: valid Unicode text. D1 replaces each lone surrogate by the same character,
 * which would join the samples of two points.
 */
export function isPointName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.isWellFormed();
}

/** A point's metadata. */
export interface PointDescription {
  /** the upstream's name, unique in its site; 31-115 characters, with slashes */
  readonly name: string;
  /** a name for people; null: the upstream has none */
  readonly label: string | null;
  /** normalised symbol such as `°F`, or the upstream's spelling if unknown; null: none */
  readonly unit: string | null;
  /** the upstream's spelling, such as `degrees-fahrenheit`; null: none */
  readonly unitRaw: string | null;
  readonly tags: PointTags;
  /** name of the BACnet device; null: not given */
  readonly device: string | null;
  /** seconds between samples as configured upstream; null: not configured */
  readonly intervalS: number | null;
  /** when the upstream last changed the point, epoch ms; null: not given */
  readonly updatedAt: number | null;
}

/** A point known by its name alone. */
export function undescribed(name: string): PointDescription {
  const tags = { kv: {}, markers: [] };
  return { name, label: null, unit: null, unitRaw: null, tags, device: null, intervalS: null, updatedAt: null };
}
