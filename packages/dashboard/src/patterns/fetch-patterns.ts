import { fetchTimeseries, type TimeseriesAnswer } from "../api/timeseries.ts";
import type { Site } from "../api/sites.ts";
import type { Day } from "./calendar.ts";
import { dayRuns, type DayProfile, profileDay } from "./profile-days.ts";
import { zonedDayStart } from "./hour-slots.ts";
import type { Days } from "./patterns-state.ts";

const DAY_MS = 86_400_000;
/** The API's limit: the requested samples fit, so none is thinned out. */
const MAX_POINTS = 100_000;
/** The longest range for which the API returns samples and five-minute means, and enough of them for a histogram. */
const RAW_SPAN_MS = 31 * DAY_MS;
const FIVE_MINUTES_SPAN_MS = 100 * DAY_MS;
const MOST_SAMPLES = 100_000;

export type PatternInterval = "raw" | "5min" | "1hr";

/** The values of a range: samples, if they are not too many. @param cadenceMs null: unknown */
export function histogramInterval(spanMs: number, cadenceMs: number | null): PatternInterval {
  // A slower point has fewer samples than buckets.
  const samples = spanMs / (cadenceMs ?? 60_000);
  if (spanMs <= RAW_SPAN_MS && samples <= MOST_SAMPLES) return "raw";
  return spanMs <= FIVE_MINUTES_SPAN_MS ? "5min" : "1hr";
}

/** [start, end) of local days in epoch ms. */
export function rangeOfDays(zone: string, { first, last }: Days): { readonly start: number; readonly end: number } {
  return { start: zonedDayStart(zone, first), end: zonedDayStart(zone, last + 1) };
}

/** A point's values of local days. */
export function fetchValues(
  site: Site,
  point: string,
  days: Days,
  interval: PatternInterval,
  signal: AbortSignal,
): Promise<TimeseriesAnswer> {
  const query = { site: site.name, points: [point], ...rangeOfDays(site.timezone, days), units: "source" };
  return fetchTimeseries({ ...query, maxPoints: MAX_POINTS }, signal, { interval, tz: site.timezone });
}

/** Days by their clock's time, each with the unit of its values. */
export async function fetchProfiles(
  site: Site,
  point: string,
  days: readonly Day[],
  signal: AbortSignal,
): Promise<{ readonly days: readonly DayProfile[]; readonly unit: string | null; readonly partial: boolean }> {
  const answers = await Promise.all(
    dayRuns(days).map(async (run) => ({ run, answer: await fetchValues(site, point, run, "5min", signal) })),
  );
  const profiles = answers.flatMap(({ run, answer }) =>
    Array.from({ length: run.last - run.first + 1 }, (_, i) =>
      profileDay(site.timezone, run.first + i, answer.series[0]!),
    ),
  );
  const unit = answers.map(({ answer }) => answer.series[0]?.unit ?? null).find((one) => one !== null) ?? null;
  return { days: profiles, unit, partial: answers.some(({ answer }) => answer.metadata.partial) };
}
