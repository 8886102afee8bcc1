import type { Answer } from "../api/use-answer.ts";
import { Failure } from "../ui/failure.tsx";
import type { BackfillJob, SiteDays } from "./backfill-api.ts";
import type { SHOWN_DAYS } from "./backfill-state.ts";
import { DayGrid } from "./day-grid.tsx";
import { shownState } from "./job-days.ts";

type Shown = (typeof SHOWN_DAYS)[number];

interface DaysCardProps {
  readonly days: Answer<SiteDays[]>;
  /** the backfill of the days; null: days between the form's dates */
  readonly job: BackfillJob | null;
  /** whether there is a backfill */
  readonly hasJob: boolean;
  /** the shown site, if there are several */
  readonly site: string;
  readonly shown: Shown;
  readonly setShown: (shown: Shown) => void;
}

const CHOICES = [
  { id: "job", label: "Of the backfill" },
  { id: "chosen", label: "Between the dates" },
] as const;

/** The days as a calendar. */
export function DaysCard({ days, job, hasJob, site, shown, setShown }: DaysCardProps) {
  const ofSite = days.data?.find((one) => one.site === site) ?? days.data?.[0];
  return (
    <section class="card stack days-card" aria-labelledby="days-title">
      <header class="job-head">
        <div>
          <h2 id="days-title">Days</h2>
          <p class="quiet">{ofSite === undefined ? "UTC days" : `UTC days of ${ofSite.site}`}</p>
        </div>
        {hasJob && (
          <div class="segments" role="group" aria-label="Which days">
            {CHOICES.map(({ id, label }) => (
              <button key={id} type="button" aria-pressed={shown === id} onClick={() => setShown(id)}>
                {label}
              </button>
            ))}
          </div>
        )}
      </header>
      {days.error !== undefined && <Failure part="The days" error={days.error} onRetry={days.reload} />}
      {ofSite === undefined ? (
        days.error === undefined && <div class="days-waiting" aria-busy="true" />
      ) : (
        <DayGrid days={ofSite.days.map((day) => ({ day, state: shownState(day, job) }))} />
      )}
    </section>
  );
}
