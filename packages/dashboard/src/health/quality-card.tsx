import { useState } from "preact/hooks";
import { datesText } from "../backfill/format-backfill.ts";
import type { Answer } from "../api/use-answer.ts";
import { pointTitle } from "../explore/point-title.ts";
import { PlaceLink } from "../location/place-link.tsx";
import { Icon } from "../ui/icon.tsx";
import { exploreDays } from "./explore-place.ts";
import type { ScoredPoint, Quality } from "./health-api.ts";
import { HealthCard } from "./health-card.tsx";
import { shareText } from "./format-health.ts";

/** Scores below this are highlighted, even if they are not poor. */
const GOOD_SCORE = 0.95;
const FIRST = 5;

/** The points with the worst data of the last full days, and the reasons. */
export function QualityCard({ site, answer }: { readonly site: string; readonly answer: Answer<Quality> }) {
  const [isWhole, setWhole] = useState(false);
  const days = answer.data?.days ?? [];
  const [first, last] = [days[0]?.date, days.at(-1)?.date];
  const note = first === undefined || last === undefined ? `Of ${site}` : `UTC days ${datesText(first, last)}`;
  return (
    <HealthCard id="quality" title="Data quality" note={note} part="The quality" answer={answer}>
      {({ summary, points }) => {
        const unjudged = days.filter(({ state }) => state === "unjudged").length;
        if (summary.mean_score === null || first === undefined || last === undefined) {
          return (
            <p class="health-none">
              <Icon name="clock" /> None of these days is judged yet. Judging runs hourly, after a day has ended.
            </p>
          );
        }
        const worst = points.filter(({ score }) => score !== null && score < 1);
        return (
          <>
            <dl class="figures wide quality-figures">
              <div>
                <dt>Mean score</dt>
                <dd class="number">{shareText(summary.mean_score)}</dd>
              </div>
              <div>
                <dt>Poor points</dt>
                <dd class={summary.poor > 0 ? "number bad-text" : "number"}>{summary.poor.toLocaleString("en")}</dd>
                <dd class="quiet number">under {Math.round(summary.threshold * 100)}%</dd>
              </div>
              <div>
                <dt>Points judged</dt>
                <dd class="number">{summary.judged.toLocaleString("en")}</dd>
                <dd class="quiet number">of {summary.points.toLocaleString("en")}</dd>
              </div>
              <div>
                <dt>Days judged</dt>
                <dd class="number">{days.length - unjudged}</dd>
                <dd class="quiet number">of {days.length}</dd>
              </div>
            </dl>
            {worst.length === 0 ? (
              <p class="health-none well">
                <Icon name="check" /> No problems found.
              </p>
            ) : (
              <>
                <h3>Worst points</h3>
                <ul class="worst-points">
                  {(isWhole ? worst : worst.slice(0, FIRST)).map((point) => (
                    <WorstPoint
                      key={point.name}
                      point={point}
                      threshold={summary.threshold}
                      place={exploreDays(site, [point.name], first, last)}
                    />
                  ))}
                </ul>
                {!isWhole && worst.length > FIRST && (
                  <button type="button" class="button" onClick={() => setWhole(true)}>
                    Show {worst.length - FIRST} more
                  </button>
                )}
              </>
            )}
          </>
        );
      }}
    </HealthCard>
  );
}

interface WorstPointProps {
  readonly point: ScoredPoint;
  readonly threshold: number;
  readonly place: ReturnType<typeof exploreDays>;
}

function WorstPoint({ point: { name, label, score, reasons }, threshold, place }: WorstPointProps) {
  const share = score ?? 0;
  const level = share < threshold ? "poor" : share < GOOD_SCORE ? "middling" : "fair";
  const known = { label };
  return (
    <li>
      <div class="worst-name">
        <PlaceLink to={place}>{pointTitle(name, known)}</PlaceLink>
        <p class="quiet" title={name}>
          {name}
        </p>
      </div>
      <div class={`score ${level}`}>
        <span class="score-bar" aria-hidden="true">
          <i style={{ width: `${share * 100}%` }} />
        </span>
        <span class="number">{shareText(share)}</span>
      </div>
      <p class="worst-why">{reasons.length === 0 ? "no single reason" : reasons.join("; ")}</p>
    </li>
  );
}
