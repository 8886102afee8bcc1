import type { StoredPoint } from "@building-vitals/core/catalog/point-list";
import { Problem } from "@building-vitals/core/domain/problem";
import { MAX_POINTS } from "@building-vitals/core/read/limits";
import { z } from "zod";
import { readNames } from "./read-names.ts";

const NAMES_SHOWN = 5;

/** Description of a parameter of names. Each value is one name, comma-separated names, or a JSON array of names. */
export const A_POINT_LIST = 'comma-separated, a JSON array (`["a","b"]`), or repeated';

/** In an answer for named points. */
export const unknownPointsSchema = z
  .array(z.string())
  .meta({ description: "requested names that no point of the site has" });

export interface NamedPoints {
  /** in the order of the request, without duplicates */
  readonly points: readonly StoredPoint[];
  /** names without a point, in the order of the request, without duplicates */
  readonly unknown: readonly string[];
}

/**
 * Resolves the names in a parameter to points.
 * @param known the existing points among `candidateNames`, by name
 * @throws {Problem} `invalid_request`, `ambiguous_point_names`, `too_many_points`; `unknown_point` if none exists
 */
export function pointsNamed(
  siteName: string,
  known: ReadonlyMap<string, StoredPoint>,
  values: readonly string[],
  field: string,
): NamedPoints {
  const names = new Set(
    values.flatMap((value) => {
      const [reading = [], other] = readNames(value, (name) => known.has(name));
      if (other !== undefined) throw ambiguous(reading, other, field);
      return reading;
    }),
  );
  if (names.size === 0) throw new Problem("invalid_request", `${field}: must name at least one point.`, field);
  if (names.size > MAX_POINTS) {
    const detail = `${names.size} points were named; ask for at most ${MAX_POINTS} at once.`;
    throw new Problem("too_many_points", detail, field);
  }
  // Two names may belong to one point.
  const points = [...new Set([...names].flatMap((name) => known.get(name) ?? []))];
  const unknown = [...names].filter((name) => !known.has(name));
  if (points.length === 0) {
    const shown = unknown.slice(0, NAMES_SHOWN).map((name) => JSON.stringify(name));
    const rest = unknown.length > NAMES_SHOWN ? ` and ${unknown.length - NAMES_SHOWN} more` : "";
    const detail = `Site ${JSON.stringify(siteName)} has no point ${shown.join(", ")}${rest}.`;
    throw new Problem("unknown_point", detail, field);
  }
  return { points, unknown };
}

function ambiguous(reading: readonly string[], other: readonly string[], field: string): Problem {
  const [a, b] = [reading, other].map((names) => JSON.stringify(names));
  const detail = `${field}: may be read as ${a} or as ${b}; give the names as a JSON array.`;
  return new Problem("ambiguous_point_names", detail, field);
}
