import { LAST_RANGES, type Range } from "../chart/span.ts";

/** The API's limit for a chart of this page. */
export const MAX_SERIES = 20;

export const UNIT_SYSTEMS = ["source", "metric", "imperial"] as const;
type UnitSystem = (typeof UNIT_SYSTEMS)[number];

/** The state of Explore. With the site and the time it decides everything shown; the address holds it. */
export interface ExploreState {
  /** names, in the order of their colours; null: none chosen yet, so defaults are shown */
  readonly points: readonly string[] | null;
  /** points laid over the others, without a colour of their own */
  readonly weather: readonly string[];
  readonly range: Range;
  readonly units: UnitSystem;
  /** whether the span from minimum to maximum is drawn behind averages */
  readonly band: boolean;
  /** whether a range up to now moves on with the time */
  readonly live: boolean;
}

const DEFAULT_RANGE = "24h";

/** Reads an address; ignores invalid parts. */
export function parseExplore(params: URLSearchParams): ExploreState {
  const points = [...new Set(params.getAll("point"))].filter((name) => name !== "").slice(0, MAX_SERIES);
  const units = UNIT_SYSTEMS.find((system) => system === params.get("units")) ?? "source";
  return {
    points: params.has("point") ? points : null,
    weather: [...new Set(params.getAll("weather"))].filter((name) => name !== "").slice(0, MAX_SERIES),
    range: parseRange(params),
    units,
    band: params.get("band") !== "off",
    live: params.get("live") !== "off",
  };
}

function parseRange(params: URLSearchParams): Range {
  const [start, end] = [params.get("from"), params.get("to")].map((text) => Date.parse(text ?? ""));
  if (start !== undefined && end !== undefined && start < end) return { start, end };
  const last = LAST_RANGES.find(({ id }) => id === params.get("last"));
  return { last: last?.id ?? DEFAULT_RANGE };
}

/** The address of a state, without defaults. */
export function formatExplore(state: ExploreState): URLSearchParams {
  const params = new URLSearchParams();
  if ("start" in state.range) {
    params.set("from", isoOf(state.range.start));
    params.set("to", isoOf(state.range.end));
  } else if (state.range.last !== DEFAULT_RANGE) params.set("last", state.range.last);
  if (state.units !== "source") params.set("units", state.units);
  if (!state.band) params.set("band", "off");
  if (!state.live) params.set("live", "off");
  // An empty list means "no weather", unlike an absent one.
  if (state.points?.length === 0) params.set("point", "");
  for (const name of state.points ?? []) params.append("point", name);
  for (const name of state.weather) params.append("weather", name);
  return params;
}

/** ISO 8601 in UTC, without trailing zeros. */
function isoOf(instant: number): string {
  return new Date(instant)
    .toISOString()
    .replace(".000Z", "Z")
    .replace(/(T\d\d:\d\d):00Z$/, "$1Z");
}
