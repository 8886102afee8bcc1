import type { Point } from "../api/points.ts";
import { type ShownSeries, shownSeries } from "../chart/shown-series.ts";
import type { Answered } from "./use-series.ts";

/**
 * The drawn series: chosen points in their colours, and the weather over them. A point missing in the answer has no
 * samples; an unknown name is left out.
 * @param answered undefined: no answer yet
 */
export function seriesToShow(
  answered: Answered | undefined,
  chosen: readonly string[],
  weather: readonly string[],
  knownOf: (name: string) => Point | undefined,
): ShownSeries[] {
  const unknown = new Set(answered?.answer.metadata.unknown_points);
  const found = new Map(answered?.answer.series.map((one) => [one.name, one]));
  const { start = 0, end: asked = 0 } = answered?.query ?? {};
  // Unread is not missing.
  const end = Math.min(asked, answered?.answer.metadata.pending?.[0] ?? Infinity, Date.now());
  const shown = (name: string, color: string, isDashed: boolean) => {
    const known = knownOf(name);
    const one = found.get(name);
    const gapAfter = known === undefined ? undefined : known.gap_after_s === null ? null : known.gap_after_s * 1000;
    if (one !== undefined) return shownSeries(one, { color, isDashed }, gapAfter, start, end);
    const nothing = { name, unit: known?.unit ?? null, times: [], values: [], min: null, max: null, counts: null };
    return shownSeries({ ...nothing, bucketMs: 0 }, { color, isDashed }, gapAfter, 0, 0);
  };
  const overlay = weather.filter((name) => !chosen.includes(name));
  return [
    ...chosen.map((name, i) => shown(name, `--series-${i + 1}`, false)),
    ...overlay.map((name, i) => shown(name, WEATHER_COLORS[i % WEATHER_COLORS.length]!, true)),
  ].filter(({ name }) => !unknown.has(name));
}

const WEATHER_COLORS = ["--chart-weather-1", "--chart-weather-2", "--chart-weather-3"] as const;
