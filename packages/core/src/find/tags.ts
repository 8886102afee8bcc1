import { compareUtf8 } from "../domain/utf8-order.ts";
import { FIELDS } from "./fields.ts";
import type { FindablePoint } from "./point.ts";

/** A tag of a site's points. */
export interface TagUse {
  /** as the upstream spells it */
  readonly name: string;
  /** its name in a filter */
  readonly filterName: string;
  /** points that have it */
  readonly count: number;
  /** points that have it as a marker */
  readonly markers: number;
  /** points that have it with a text */
  readonly texts: number;
}

/** Words of the filter's grammar, and the fields of points. */
const RESERVED: ReadonlySet<string> = new Set(["and", "or", "not", "true", "false", ...FIELDS]);
const FILTER_NAME = /^[a-z][A-Za-z0-9_]*$/;

/** The name as Haystack would write it: `Floor no` is `floorNo`. */
function asFilterName(name: string): string {
  const words = name
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .split(/[^A-Za-z0-9_]+/)
    .filter((word) => word !== "");
  const camel = words.map((word, i) => (i === 0 ? word : word.slice(0, 1).toUpperCase() + word.slice(1))).join("");
  const lower = camel.slice(0, 1).toLowerCase() + camel.slice(1);
  const begun = FILTER_NAME.test(lower) ? lower : `tag${lower.slice(0, 1).toUpperCase()}${lower.slice(1)}`;
  return RESERVED.has(begun) ? `${begun}Tag` : begun;
}

/**
 * The tags of a site's points, by name. A tag whose name a filter can take keeps it; others get one of their own, with
 * a number where two would have the same.
 */
export function tagsOf(points: readonly FindablePoint[]): TagUse[] {
  const counts = new Map<string, { count: number; markers: number; texts: number }>();
  const countOf = (name: string) => {
    const known = counts.get(name) ?? { count: 0, markers: 0, texts: 0 };
    counts.set(name, known);
    return known;
  };
  for (const { tags } of points) {
    const [markers, texts] = [new Set(tags.markers), Object.keys(tags.kv)];
    for (const name of markers) countOf(name).markers++;
    for (const name of texts) countOf(name).texts++;
    for (const name of new Set([...markers, ...texts])) countOf(name).count++;
  }
  const names = [...counts.keys()].sort(compareUtf8);
  const isKept = (name: string) => FILTER_NAME.test(name) && !RESERVED.has(name);
  const taken = new Set(names.filter(isKept));
  return names.map((name) => {
    const filterName = isKept(name) ? name : firstFree(asFilterName(name), taken);
    taken.add(filterName);
    return { name, filterName, ...countOf(name) };
  });
}

function firstFree(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}_${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}
