import type { StoredPoint } from "@building-vitals/core/catalog/point-list";
import { Problem } from "@building-vitals/core/domain/problem";
import { MAX_POINTS } from "@building-vitals/core/query/limits";

const NAMES_SHOWN = 5;

function split(text: string): string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** What the values of a parameter may name: a name may hold a comma itself, so each is also taken whole. */
export function namesIn(values: readonly string[]): string[] {
  return [...new Set(values.flatMap((value) => [value, ...split(value)]))];
}

/**
 * The points that a parameter names, comma-separated or repeated, in the order asked for and each once. A value that is a
 * point's whole name is that point.
 * @param known the points of {@link namesIn} that there are
 * @throws {Problem} `unknown_point`, `too_many_points`, `invalid_request`
 */
export function pointsNamed(
  siteName: string,
  known: ReadonlyMap<string, StoredPoint>,
  values: readonly string[],
  field: string,
): StoredPoint[] {
  const names = new Set(values.flatMap((value) => (known.has(value) ? [value] : split(value))));
  if (names.size === 0) throw new Problem("invalid_request", `${field}: name at least one point.`, field);
  if (names.size > MAX_POINTS) {
    const detail = `${names.size} points were named; ask for at most ${MAX_POINTS} at once.`;
    throw new Problem("too_many_points", detail, field);
  }
  const unknown = [...names].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    const shown = unknown.slice(0, NAMES_SHOWN).map((name) => JSON.stringify(name));
    const more = unknown.length > NAMES_SHOWN ? ` and ${unknown.length - NAMES_SHOWN} more` : "";
    const detail = `Site ${JSON.stringify(siteName)} has no point ${shown.join(", ")}${more}.`;
    throw new Problem("unknown_point", detail, field);
  }
  // Two names may be of one point.
  return [...new Set([...names].flatMap((name) => known.get(name) ?? []))];
}
