import type { ChartSeries } from "../chart/series.ts";
import { type ShownSeries, shownSeries } from "../chart/shown-series.ts";
import type { Answered } from "./use-series.ts";

/**
 * What is drawn of an answer: the chosen points in their colours, and the weather over them.
 * @param answered undefined: nothing came yet, and the points are there without samples
 * @param cadenceOf seconds between a point's samples; null: unknown
 */
export function seriesToShow(
  answered: Answered | undefined,
  chosen: readonly string[],
  weather: readonly string[],
  cadenceOf: (name: string) => number | null,
): ShownSeries[] {
  if (answered === undefined) return [];
  const { query, answer } = answered;
  // What nobody has come to yet is not missing.
  const end = Math.min(query.end, answer.metadata.pending?.[0] ?? Infinity, Date.now());
  const found = new Map(answer.series.map((one) => [one.name, one]));
  const of = (name: string): ChartSeries | undefined => found.get(name);
  const shown = (one: ChartSeries, color: string, isDashed: boolean) => {
    const cadence = cadenceOf(one.name);
    return shownSeries(one, { color, isDashed }, cadence === null ? null : cadence * 1000, query.start, end);
  };
  const points = chosen.flatMap((name, i) => {
    const one = of(name);
    return one === undefined ? [] : [shown(one, `--series-${i + 1}`, false)];
  });
  const overlay = weather.flatMap((name, i) => {
    const one = chosen.includes(name) ? undefined : of(name);
    return one === undefined ? [] : [shown(one, WEATHER_COLORS[i % WEATHER_COLORS.length]!, true)];
  });
  return [...points, ...overlay];
}

const WEATHER_COLORS = ["--chart-weather-1", "--chart-weather-2", "--chart-weather-3"] as const;
