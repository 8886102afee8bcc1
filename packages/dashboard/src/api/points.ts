import * as z from "zod/mini";
import { ask } from "./ask.ts";

const pointSchema = z.object({
  name: z.string(),
  unit: z.nullable(z.string()),
  label: z.nullable(z.string()),
  tags: z.object({ kv: z.record(z.string(), z.string()), markers: z.array(z.string()) }),
  interval_s: z.nullable(z.number()),
  /** a longer time without a sample is a gap; null: the point's gaps are unknown */
  gap_after_s: z.nullable(z.number()),
  configured: z.boolean(),
  last_seen: z.nullable(z.string()),
});
export type Point = z.infer<typeof pointSchema>;

const pageSchema = z.object({ points: z.array(pointSchema), next_cursor: z.nullable(z.string()) });
export type PointPage = z.infer<typeof pageSchema>;

export interface PointPageFilter {
  readonly search: string;
  /** a marker, a tag's name, or `name:value`; empty: all points */
  readonly tag: string;
  /** empty: all units */
  readonly unit: string;
}

/** A page of a site's points, by name. */
export function fetchPoints(
  site: string,
  filter: Partial<PointPageFilter>,
  limit: number,
  signal: AbortSignal,
): Promise<PointPage> {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(filter)) if (value !== "") query.set(name, value);
  return ask(`/sites/${encodeURIComponent(site)}/points?${query.toString()}`, pageSchema, { signal });
}
