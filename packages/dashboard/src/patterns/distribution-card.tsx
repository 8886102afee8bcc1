import { useMemo } from "preact/hooks";
import type { Site } from "../api/sites.ts";
import type { TimeseriesAnswer } from "../api/timeseries.ts";
import { useAnswer } from "../api/use-answer.ts";
import { fetchValues, histogramInterval, type PatternInterval, rangeOfDays } from "./fetch-patterns.ts";
import { Histogram } from "./histogram.tsx";
import { PatternCard } from "./pattern-card.tsx";
import type { Days } from "./patterns-state.ts";

const VALUE_KINDS: Record<PatternInterval, string> = {
  raw: "samples",
  "5min": "five-minute means",
  "1hr": "hourly means",
};

interface DistributionCardProps {
  readonly site: Site;
  readonly point: string;
  readonly title: string;
  readonly days: Days;
  /** null: unknown */
  readonly cadenceMs: number | null;
}

/** The histogram: how often each value occurred. */
export function DistributionCard({ site, point, title, days, cadenceMs }: DistributionCardProps) {
  const { start, end } = rangeOfDays(site.timezone, days);
  const interval = histogramInterval(end - start, cadenceMs);
  const key = `values ${point} ${days.first} ${days.last} ${interval}`;
  const answer = useAnswer(key, (signal) => fetchValues(site, point, days, interval, signal));
  const count = answer.dataKey === key ? answer.data?.series[0]!.times.length : undefined;
  return (
    <PatternCard
      id="distribution"
      title="Distribution"
      note={`Of ${count === undefined ? "all" : count.toLocaleString("en")} ${VALUE_KINDS[interval]} of these days`}
      answerKey={key}
      answer={answer}
      isPartial={({ metadata }) => metadata.partial}
      isEmpty={({ series }) => series[0]!.times.length === 0}
    >
      {(data) => <Distribution answer={data} title={title} what={VALUE_KINDS[interval]} />}
    </PatternCard>
  );
}

function Distribution({ answer, title, what }: { answer: TimeseriesAnswer; title: string; what: string }) {
  const series = answer.series[0]!;
  const values = useMemo(() => [...series.values].sort((a, b) => a - b), [answer]);
  return <Histogram name={title} values={values} unit={series.unit} valueKind={what} />;
}
