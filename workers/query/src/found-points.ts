import { findSitePoints } from "@building-vitals/core/catalog/point-index";
import { Problem } from "@building-vitals/core/domain/problem";
import { FilterError } from "@building-vitals/core/find/filter-parse";
import type { FindablePoint } from "@building-vitals/core/find/point";
import type { PointQuery } from "@building-vitals/core/find/point-index";
import { once } from "@building-vitals/core/http/parameters";
import { MAX_POINTS } from "@building-vitals/core/read/limits";
import { z } from "zod";

/** Parameters that find points. */
export const findParameters = {
  search: once(z.string().max(200).optional()).meta({
    description:
      "Words of the name, label, equipment, tags or unit, in any order, as `ahu5002 supply` or `AHU-5002`. The best come " +
      "first: whole words and beginnings of words, measured points before setpoints and alarm limits",
  }),
  filter: once(z.string().max(2000).optional()).meta({
    description:
      "A Haystack 4 filter over tags and the fields name, label, unit, quantity, equip, cadence and siteName, as " +
      '`zone and temp and equip=="AHU-1"`. References, `->` and symbols are refused',
  }),
};

/** Whether a request finds its points instead of naming them. */
export function isFinding({ search, filter }: PointQuery): boolean {
  return search !== undefined || filter !== undefined;
}

/** @throws {Problem} if points are both named and found */
export function refuseNamesBesideFilter(names: readonly string[] | undefined, query: PointQuery, field: string): void {
  if (names === undefined || !isFinding(query)) return;
  throw new Problem("invalid_request", `${field}: stands beside filter or search; give one of them.`, field);
}

/** Runs a query. @throws {Problem} `unsupported_filter`, `invalid_request` for a filter that cannot be evaluated */
export function findWith<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const code = error.isUnsupported ? "unsupported_filter" : "invalid_request";
    throw new Problem(code, `filter: ${error.message}.`, "filter");
  }
}

/** The points that a query finds. @throws {Problem} as {@link findWith} */
export async function foundPoints(db: D1Database, siteName: string, query: PointQuery): Promise<FindablePoint[]> {
  const { index } = await findSitePoints(db, siteName);
  return findWith(() => index.find(query));
}

/** Names of the points that a query finds. @throws {Problem} `too_many_points`; as {@link findWith} */
export async function foundNames(db: D1Database, siteName: string, query: PointQuery): Promise<string[]> {
  const points = await foundPoints(db, siteName, query);
  if (points.length > MAX_POINTS) {
    const detail = `${points.length} points match; narrow the filter to at most ${MAX_POINTS}.`;
    throw new Problem("too_many_points", detail, query.filter === undefined ? "search" : "filter", {
      matched: points.length,
    });
  }
  return points.map(({ name }) => name);
}
