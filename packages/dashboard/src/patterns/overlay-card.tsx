import { useMemo } from "preact/hooks";
import type { Site } from "../api/sites.ts";
import { useAnswer } from "../api/use-answer.ts";
import { type Day, formatDate } from "./calendar.ts";
import { fetchProfiles } from "./fetch-patterns.ts";
import { type DayProfile, spreadOf } from "./profile-days.ts";
import { AGAIN_MS } from "./hours-card.tsx";
import { OverlayChart } from "./overlay-chart.tsx";
import { PatternCard } from "./pattern-card.tsx";
import { comparedDays, type PatternsState } from "./patterns-state.ts";

interface OverlayCardProps {
  readonly site: Site;
  readonly point: string;
  readonly title: string;
  readonly state: PatternsState;
  /** the newest day of all */
  readonly last: Day;
  readonly onChange: (changed: Partial<PatternsState>) => void;
}

/** Days laid over each other. */
export function OverlayCard({ site, point, title, state, last, onChange }: OverlayCardProps) {
  const wanted = comparedDays(state, last);
  const key = `overlay ${point} ${wanted.join()}`;
  const answer = useAnswer(key, (signal) => fetchProfiles(site, point, wanted, signal), AGAIN_MS);
  const weekday = formatDate(last, { weekday: "long" });
  const choices = [
    { id: "days", label: `Last ${state.compare === "days" ? wanted.length : 14} days` },
    { id: "weekday", label: `${weekday}s` },
  ] as const;
  return (
    <PatternCard
      id="overlay"
      title="Day over day"
      note={`Five-minute means by the time of the day, ${wanted.length} ${state.compare === "days" ? "days" : `${weekday}s`}`}
      answerKey={key}
      answer={answer}
      isPartial={({ partial }) => partial}
      isEmpty={({ days }) => days.every(isBlank)}
      controls={
        <div class="segments" role="group" aria-label="Which days">
          {choices.map(({ id, label }) => (
            <button
              key={id}
              type="button"
              aria-pressed={state.compare === id}
              onClick={() => onChange({ compare: id })}
            >
              {label}
            </button>
          ))}
        </div>
      }
    >
      {(data) => <Overlay days={data.days} unit={data.unit} title={title} />}
    </PatternCard>
  );
}

function isBlank({ values }: DayProfile): boolean {
  return values.every((value) => value === null);
}

interface OverlayProps {
  readonly days: readonly DayProfile[];
  readonly unit: string | null;
  readonly title: string;
}

function Overlay({ days, unit, title }: OverlayProps) {
  const shown = useMemo(() => days.filter((day) => !isBlank(day)), [days]);
  const spread = useMemo(() => spreadOf(shown), [shown]);
  return (
    <>
      {shown.length < days.length && (
        <p class="quiet overlay-lacking">
          {days.length - shown.length} of {days.length} days have no samples.
        </p>
      )}
      <OverlayChart name={title} days={shown} spread={spread} unit={unit} />
    </>
  );
}
