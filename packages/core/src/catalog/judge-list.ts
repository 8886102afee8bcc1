import { z } from "zod";
import type { Catalog } from "./catalog.ts";

/** The share of a site's collected points that a single list may retire. */
const MAX_RETIRED_SHARE = 0.1;

/** A list that left out too many points to be believed alone. The JSON of `sites.held_list`. */
export const heldListSchema = z.object({
  /** when it was taken, epoch ms */
  at: z.int(),
  /** points that it names */
  listed: z.int().nonnegative(),
  /** ids of the collected points that it leaves out */
  missing: z.array(z.int()),
});
export type HeldList = z.infer<typeof heldListSchema>;

/** What a list does to the points that it leaves out. */
export interface ListVerdict {
  /** ids of the points to retire */
  readonly retired: readonly number[];
  /** the list, where it retires nothing for now; null: it is believed */
  readonly held: HeldList | null;
}

/**
 * Judges a list by the points that it leaves out. It retires all of them, unless more than a tenth of the site's collected
 * points would go that the list before it had not left out too: then it retires none, and is held until a later list
 * agrees. An empty list never retires a point and confirms nothing.
 * @param current the site's catalogue, as it was before the list was asked for
 * @param held what the list before this one left, likewise
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
