import { z } from "zod";
import type { Catalog } from "./catalog.ts";

/** The share of a site's collected points that a single list may retire. */
const MAX_RETIRED_SHARE = 0.1;

/** A list that left out too many points to be trusted alone. The JSON of `sites.held_list`. */
export const heldListSchema = z.object({
  /** when it was fetched, epoch ms */
  at: z.int(),
  /** number of points that it names */
  listed: z.int().nonnegative(),
  /** ids of the collected points that it leaves out */
  missing: z.array(z.int()),
});
export type HeldList = z.infer<typeof heldListSchema>;

/** The effect of a list on the points that it leaves out. */
export interface ListVerdict {
  /** ids of the points to retire */
  readonly retired: readonly number[];
  /** the list, if it retires nothing for now; null: it is trusted */
  readonly held: HeldList | null;
}

/**
 * Judges a list by the points that it leaves out. Normally it retires all of them. If more than a tenth of the site's
 * collected points would be retired that the list before it still had, it retires none, and is held until a later list
 * agrees. An empty list never retires a point and confirms nothing.
 * @param current the site's catalogue, read before the list was requested
 * @param held the list held before this one, read at the same time
 * @param listed names
 * @param at epoch ms
 */
export function judgeList(
  current: Catalog,
  held: HeldList | null,
  listed: ReadonlySet<string>,
  at: number,
): ListVerdict {
  const collected = [...current.values()].filter(({ source, configured }) => source === "catalog" && configured);
  const missing = collected.filter(({ name }) => !listed.has(name)).map(({ id }) => id);
  const leftOutBefore = new Set(held === null || held.listed === 0 ? [] : held.missing);
  const unconfirmed = missing.filter((id) => !leftOutBefore.has(id)).length;
  const isBelieved = listed.size > 0 && unconfirmed <= collected.length * MAX_RETIRED_SHARE;
  if (isBelieved) return { retired: missing, held: null };
  return { retired: [], held: { at, listed: listed.size, missing } };
}
