import { findPoints, type StoredPoint } from "@building-vitals/core/catalog/point-list";
import { Problem } from "@building-vitals/core/domain/problem";
import { MAX_POINTS } from "@building-vitals/core/query/limits";
import type { QueriedSite } from "./site.ts";

const NAMES_SHOWN = 5;

function split(text: string): string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/**
 * The points that a parameter names, comma-separated or repeated, in the order asked for and each once. A name may
 * hold a comma itself, so a value that is a point's whole name is that point. One statement: an address has room for a
 * few thousand names at most.
 * @throws {Problem} `unknown_point`, `too_many_points`, `invalid_request`
 */
export async function pointsNamed(
  db: D1Database,
  site: QueriedSite,
  values: readonly string[],
  field: string,
): Promise<StoredPoint[]> {
  const candidates = [...new Set(values.flatMap((value) => [value, ...split(value)]))];
  const known = site.id === null ? new Map<string, StoredPoint>() : await findPoints(db, site.id, candidates);
  const names = new Set(values.flatMap((value) => (known.has(value) ? [value] : split(value))));
  if (names.size === 0) throw new Problem("invalid_request", `${field}: name at least one point.`, field);
  if (names.size > MAX_POINTS)
    throw new Problem("too_many_points", `Ask for at most ${MAX_POINTS} points at once.`, field);
  const unknown = [...names].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    const shown = unknown.slice(0, NAMES_SHOWN).map((name) => JSON.stringify(name));
    const more = unknown.length > NAMES_SHOWN ? ` and ${unknown.length - NAMES_SHOWN} more` : "";
    const detail = `Site ${JSON.stringify(site.name)} has no point ${shown.join(", ")}${more}.`;
    throw new Problem("unknown_point", detail, field);
  }
  return [...names].flatMap((name) => known.get(name) ?? []);
}
