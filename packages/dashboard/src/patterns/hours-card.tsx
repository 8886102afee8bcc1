import { useMemo } from "preact/hooks";
import type { Site } from "../api/sites.ts";
import type { TimeseriesAnswer } from "../api/timeseries.ts";
import { useAnswer } from "../api/use-answer.ts";
import { type Day, formatDate } from "./calendar.ts";
import { scaleDomain } from "./color-ramp.ts";
import { fetchValues } from "./fetch-patterns.ts";
import { heatGrid } from "./heat-grid.ts";
import { Heatmap } from "./heatmap.tsx";
import { PatternCard } from "./pattern-card.tsx";
import type { Days } from "./patterns-state.ts";
import { quantile } from "./quantiles.ts";

/** Reload interval of days in progress. */
export const AGAIN_MS = 300_000;

interface HoursCardProps {
  readonly site: Site;
  readonly point: string;
  readonly title: string;
  readonly days: Days;
  readonly onDay: (day: Day) => void;
}

/** The heatmap: hourly means of a month or a year. */
export function HoursCard({ site, point, title, days, onDay }: HoursCardProps) {
  const key = `hours ${point} ${days.first} ${days.last}`;
  const answer = useAnswer(key, (signal) => fetchValues(site, point, days, "1hr", signal), AGAIN_MS);
  return (
    <PatternCard
      id="hours"
      title="Hour by hour"
      note={`Hourly means by day and hour, ${site.timezone.replaceAll("_", " ")} time`}
      answerKey={key}
      answer={answer}
      isPartial={({ metadata }) => metadata.partial}
      isEmpty={({ series }) => series[0]!.times.length === 0}
    >
      {(data) => <Hours answer={data} zone={site.timezone} title={title} days={days} onDay={onDay} />}
    </PatternCard>
  );
}

interface HoursProps extends Pick<HoursCardProps, "title" | "days" | "onDay"> {
  readonly answer: TimeseriesAnswer;
  readonly zone: string;
}

function Hours({ answer, zone, title, days, onDay }: HoursProps) {
  const series = answer.series[0]!;
  const until = Math.min(answer.metadata.pending?.[0] ?? Number.POSITIVE_INFINITY, Date.now());
  const grid = useMemo(() => heatGrid(zone, days, series, until), [answer, zone]);
  const domain = useMemo(() => {
    const sorted = [...series.values].sort((a, b) => a - b);
    return sorted.length === 0 ? null : scaleDomain(sorted, (share) => quantile(sorted, share));
  }, [answer]);
  const how = { month: "long", day: "numeric", year: "numeric" } as const;
  return (
    <Heatmap
      name={`${title}, ${formatDate(days.first, how)} to ${formatDate(days.last, how)},`}
      days={grid}
      domain={domain}
      unit={series.unit}
      onDay={({ day }) => onDay(day)}
    />
  );
}
