import { useEffect, useMemo, useState } from "preact/hooks";
import { download } from "../api/download.ts";
import { fetchPoints } from "../api/points.ts";
import { timeseriesPath } from "../api/timeseries.ts";
import { useAnswer } from "../api/use-answer.ts";
import { ChartStack } from "../chart/chart-stack.tsx";
import { formatSpan, formatTime, formatValue } from "../chart/format.ts";
import { panesOf } from "../chart/panes.ts";
import { endingAt, spanOf } from "../chart/span.ts";
import { sampleAt } from "../chart/value-at.ts";
import type { ViewProps } from "../shell/view.ts";
import { Failure } from "../ui/failure.tsx";
import { DataNotes, PartialNotice, UnknownPoints } from "./data-notes.tsx";
import { type ExploreState, formatExplore, MAX_SERIES, parseExplore } from "./explore-state.ts";
import { NoSamples } from "./no-samples.tsx";
import { PointSearch } from "./point-search.tsx";
import { pointTitle } from "./point-title.ts";
import { proposedPoints } from "./proposed-points.ts";
import { seriesToShow } from "./series-to-show.ts";
import { Toolbar } from "./toolbar.tsx";
import { useNow } from "./use-now.ts";
import { newestOf, usePointBook } from "./use-points.ts";
import { useSeries } from "./use-series.ts";
import { ValuesTable } from "./values-table.tsx";

const PROPOSED_FROM = 200;
const WEATHER_MOST = 50;
/** Values of a series that fill a screen; a week of 5-minute averages is 2,016, 90 days of hourly ones are 2,161. */
const MAX_POINTS = { wide: 2200, narrow: 1000 } as const;
const NARROW = matchMedia("(max-width: 44rem)");

/** Points of a site over time. */
export function ExploreView({ site, params, setParams }: ViewProps) {
  const state = parseExplore(params);
  const zone = site.timezone;
  const isLive = "last" in state.range && state.live;
  const now = useNow(isLive);
  const span = spanOf(state.range, now);
  const [cursor, setCursor] = useState<{ time: number; by: "pointer" | "keyboard" } | null>(null);
  const [highlight, setHighlight] = useState<string | null>(null);

  const proposed = useAnswer(state.points === null ? site.name : null, async (signal) => {
    const { points } = await fetchPoints(site.name, {}, PROPOSED_FROM, signal);
    return points;
  });
  const weather = useAnswer(`weather ${site.name}`, async (signal) => {
    const { points } = await fetchPoints(site.name, { tag: "weather" }, WEATHER_MOST, signal);
    return points;
  });
  const chosen = state.points ?? (proposed.data === undefined ? [] : proposedPoints(proposed.data));
  const names = [...chosen, ...state.weather.filter((name) => !chosen.includes(name))];
  const book = usePointBook(site.name, names);
  useEffect(() => book.learn([...(proposed.data ?? []), ...(weather.data ?? [])]), [proposed.data, weather.data]);
  const titleOf = (name: string) => pointTitle(name, book.find(name));

  const maxPoints = NARROW.matches ? MAX_POINTS.narrow : MAX_POINTS.wide;
  const query = names.length === 0 ? null : { site: site.name, points: names, ...span, units: state.units, maxPoints };
  const { shown, isExact, isLoading, error, reload } = useSeries(query, isLive);
  const known = names.map((name) => `${book.find(name)?.gap_after_s} ${book.find(name)?.unit}`).join();
  const series = useMemo(() => seriesToShow(shown, chosen, state.weather, book.find), [shown, names.join("\n"), known]);
  const panes = useMemo(() => panesOf(series), [series]);

  const change = (changed: Partial<ExploreState>) => {
    // From the first choice on, the default points are chosen points.
    const points = state.points ?? (chosen.length > 0 ? chosen : null);
    setParams(formatExplore({ ...state, points, ...changed }), "push");
  };
  const toggle = (name: string) => {
    const points = chosen.includes(name)
      ? chosen.filter((one) => one !== name)
      : [...chosen, name].slice(0, MAX_SERIES);
    change({ points });
  };
  const remove = (removed: readonly string[]) => {
    const rest = (list: readonly string[]) => list.filter((name) => !removed.includes(name));
    change({ points: rest(chosen), weather: rest(state.weather) });
  };
  const unknown = shown?.answer.metadata.unknown_points.filter((name) => names.includes(name)) ?? [];
  const path = query === null ? null : timeseriesPath(query);
  const save = async () => {
    if (query === null || shown === undefined) return;
    const more: Record<string, string> = { format: "csv", interval: shown.answer.interval };
    const day = new Date(span.end).toISOString().slice(0, 10);
    await download(timeseriesPath(query, more), `${site.name}-${day}.csv`);
  };
  const hasSamples = series.some(({ times }) => times.length > 0);
  const newest = newestOf(names.map((name) => book.find(name)?.last_seen ?? null));
  const showNewest = (time: number) => change({ range: endingAt(span, time) });
  const isEmpty = state.points !== null ? names.length === 0 : proposed.data !== undefined && names.length === 0;
  // An unknown value does not show as "none".
  const without = isExact ? "none" : error === undefined ? "…" : "not known";
  const spoken =
    cursor?.by === "keyboard"
      ? [
          formatTime(zone, cursor.time, span.end - span.start),
          ...series.map((one) => {
            const index = sampleAt(one, cursor.time, one.longest);
            return `${titleOf(one.name)} ${index < 0 ? without : `${formatValue(one.values[index]!)} ${one.unit ?? ""}`}`;
          }),
        ].join(", ")
      : "";
  return (
    <div class="explore">
      <h1 class="visually-hidden">Explore {site.name}</h1>
      <Toolbar
        state={state}
        span={span}
        zone={zone}
        weather={weather.data ?? []}
        onChange={change}
        dataUrl={path === null ? null : `${location.origin}${path}`}
        onDownload={save}
      />
      <section class="explore-chart card" aria-label="Chart" aria-busy={isLoading}>
        <div class={isLoading && !isEmpty ? "progress" : "progress idle"} />
        {proposed.error !== undefined && <Failure part="The points" error={proposed.error} onRetry={proposed.reload} />}
        {error !== undefined && <Failure part="The chart's data" error={error} onRetry={reload} />}
        {shown?.answer.metadata.partial === true && <PartialNotice onRetry={reload} />}
        {unknown.length > 0 && <UnknownPoints names={unknown} site={site.name} onRemove={remove} />}
        {isEmpty ? (
          <div class="empty">
            <h2>{state.points === null ? "No samples yet" : "Nothing is charted"}</h2>
            <p>
              {state.points === null
                ? "This site has no points with samples. They appear here after the first sync."
                : "Search for points and choose up to 20 of them."}
            </p>
          </div>
        ) : shown === undefined && error !== undefined ? null : (
          <div class="explore-panes">
            {isExact && !hasSamples && <NoSamples zone={zone} newest={newest} onShow={showNewest} />}
            {shown !== undefined && (
              <ChartStack
                panes={panes}
                span={span}
                zone={zone}
                band={state.band}
                highlight={highlight}
                cursor={cursor?.time ?? null}
                label={`${series.length} points, ${formatSpan(zone, span.start, span.end)}. Arrow keys move and zoom, with Shift they move the cursor.`}
                onSpan={(range) => change({ range })}
                onCursor={(time, by) => setCursor(time === null ? null : { time, by })}
              />
            )}
          </div>
        )}
        <p class="visually-hidden" aria-live="polite">
          {spoken}
        </p>
        {!isEmpty && <DataNotes answered={shown} isExact={isExact} hasFailed={error !== undefined} />}
      </section>
      <aside class="explore-side" aria-label="Points">
        <PointSearch site={site.name} chosen={chosen} onToggle={toggle} onFound={book.learn} />
        {series.length > 0 && (
          <div class="card values-card">
            <ValuesTable
              panes={panes}
              span={span}
              zone={zone}
              cursor={cursor?.time ?? null}
              without={without}
              titleOf={titleOf}
              onHighlight={setHighlight}
              onRemove={(name) => remove([name])}
            />
          </div>
        )}
      </aside>
    </div>
  );
}
