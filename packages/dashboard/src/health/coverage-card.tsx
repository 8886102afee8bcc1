import type { Answer } from "../api/use-answer.ts";
import { COVERAGE_MEANINGS, COVERAGE_STATES, COVERAGE_LABELS, type ShownDay } from "./coverage-state.ts";
import { HealthCard } from "./health-card.tsx";
import type { CoverageAnswer } from "./health-api.ts";
import { YearGrid } from "./year-grid.tsx";

interface CoverageCardProps {
  readonly site: string;
  readonly answer: Answer<CoverageAnswer>;
  readonly days: readonly ShownDay[];
  readonly year: { readonly first: number; readonly end: number };
}

/** The stored days of the last twelve months. */
export function CoverageCard({ site, answer, days, year }: CoverageCardProps) {
  const counts = Map.groupBy(days, ({ state }) => state);
  return (
    <HealthCard id="coverage" title="Coverage" note={`UTC days of ${site}`} part="The days" answer={answer}>
      {() => (
        <>
          <YearGrid site={site} year={year} days={days} />
          <div class="year-foot">
            <ul class="legend">
              {COVERAGE_STATES.filter((state) => counts.has(state)).map((state) => (
                <li key={state} title={COVERAGE_MEANINGS[state]}>
                  <i class={`day-mark ${state}`} aria-hidden="true" />
                  {COVERAGE_LABELS[state]} <span class="quiet number">{counts.get(state)!.length}</span>
                  <span class="visually-hidden">days: {COVERAGE_MEANINGS[state]}</span>
                </li>
              ))}
            </ul>
            <p class="quiet pointer-only">A click opens the day in Explore.</p>
          </div>
        </>
      )}
    </HealthCard>
  );
}
