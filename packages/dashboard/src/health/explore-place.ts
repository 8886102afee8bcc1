import { formatExplore } from "../explore/explore-state.ts";
import type { Place } from "../location/place.ts";

const DAY_MS = 86_400_000;

/** Explore at some time. @param points null: its default points @param start and `end`: epoch ms */
export function exploreAt(site: string, points: readonly string[] | null, start: number, end: number): Place {
  const range = { start, end };
  const params = formatExplore({ points, weather: [], range, units: "source", band: true, live: true });
  return { view: "explore", site, params };
}

/** Explore for UTC days, both included. @param first and `last`: `YYYY-MM-DD` */
export function exploreDays(site: string, points: readonly string[] | null, first: string, last: string): Place {
  return exploreAt(site, points, Date.parse(first), Date.parse(last) + DAY_MS);
}
