import { useEffect, useMemo } from "preact/hooks";
import { fetchPoints } from "../api/points.ts";
import { useAnswer } from "../api/use-answer.ts";
import { formatExplore } from "../explore/explore-state.ts";
import { PointSearch } from "../explore/point-search.tsx";
import { pointTitle } from "../explore/point-title.ts";
import { proposedPoints } from "../explore/proposed-points.ts";
import { useNow } from "../explore/use-now.ts";
import { usePointBook } from "../explore/use-points.ts";
import { goTo } from "../location/go-to.ts";
import type { ViewProps } from "../shell/view.ts";
import { wallOf } from "../time/zone-time.ts";
import { Failure } from "../ui/failure.tsx";
import { dayOfWall } from "./calendar.ts";
import { DistributionCard } from "./distribution-card.tsx";
import { rangeOfDays } from "./fetch-patterns.ts";
import { HoursCard } from "./hours-card.tsx";
import { OverlayCard } from "./overlay-card.tsx";
import { PatternsToolbar } from "./patterns-toolbar.tsx";
import { daysOf, formatPatterns, parsePatterns, type PatternsState } from "./patterns-state.ts";

const PROPOSED_FROM = 200;

/** A point by hour and day, its days compared, and its values' distribution. */
export function PatternsView({ site, params, setParams }: ViewProps) {
  const state = parsePatterns(params);
  const now = useNow(true);
  const today = dayOfWall(wallOf(site.timezone, now));
  const { first, last } = daysOf(state, today);
  const days = useMemo(() => ({ first, last }), [first, last]);

  const proposed = useAnswer(state.point === null ? site.name : null, async (signal) => {
    const { points } = await fetchPoints(site.name, {}, PROPOSED_FROM, signal);
    return points;
  });
  const point = state.point ?? proposedPoints(proposed.data ?? [])[0] ?? null;
  const book = usePointBook(site.name, point === null ? [] : [point]);
  useEffect(() => book.learn(proposed.data ?? []), [proposed.data]);
  const known = point === null ? undefined : book.find(point);

  const change = (changed: Partial<PatternsState>) => setParams(formatPatterns({ ...state, ...changed }), "push");
  const openDay = (day: number) => {
    if (point === null) return;
    const range = rangeOfDays(site.timezone, { first: day, last: day });
    const explored = { points: [point], weather: [], range, units: "source", band: true, live: true } as const;
    goTo({ view: "explore", site: site.name, params: formatExplore(explored) });
  };
  return (
    <div class="patterns">
      <h1 class="visually-hidden">Patterns of {site.name}</h1>
      <div class="patterns-head">
        <div class="patterns-point">
          {point !== null && (
            <>
              <p class="patterns-title">{pointTitle(point, known)}</p>
              <p class="patterns-name quiet" title={point}>
                {point}
              </p>
            </>
          )}
        </div>
        <PointSearch
          site={site.name}
          chosen={point === null ? [] : [point]}
          isSingle
          onToggle={(name) => change({ point: name })}
          onFound={book.learn}
        />
        <PatternsToolbar state={state} today={today} onChange={change} />
      </div>
      {proposed.error !== undefined && point === null && (
        <Failure part="The points" error={proposed.error} onRetry={proposed.reload} />
      )}
      {point === null && proposed.data !== undefined && (
        <div class="card empty">
          <h2>No samples yet</h2>
          <p>As soon as points of {site.name} have samples, their patterns are shown here.</p>
        </div>
      )}
      {point !== null && (
        <>
          <HoursCard site={site} point={point} title={pointTitle(point, known)} days={days} onDay={openDay} />
          <OverlayCard
            site={site}
            point={point}
            title={pointTitle(point, known)}
            state={state}
            last={last}
            onChange={change}
          />
          <DistributionCard
            site={site}
            point={point}
            title={pointTitle(point, known)}
            days={days}
            cadenceMs={known?.interval_s == null ? null : known.interval_s * 1000}
          />
        </>
      )}
    </div>
  );
}
