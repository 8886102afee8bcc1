import { useAction } from "../api/use-action.ts";
import { Icon } from "../ui/icon.tsx";
import { Refusal } from "../ui/refusal.tsx";
import { useState } from "preact/hooks";
import { retryFailed } from "./backfill-api.ts";
import { formatCount, dateText } from "./format-backfill.ts";
import type { TroubledDay } from "./job-days.ts";

interface FailedDaysProps {
  readonly days: readonly TroubledDay[];
  readonly isRunning: boolean;
  readonly onStarted: () => void;
}

const FIRST = 8;
const STATE_LABELS: Record<TroubledDay["state"], string> = {
  failed: "failed",
  suspect: "suspect",
  written: "failed, the older file stays",
  "confirmed-empty": "failed, without samples before",
  deleted: "failed, deleted before",
  missing: "failed",
};

/** The failed days with their reasons, and a button to retry them. */
export function FailedDays({ days, isRunning, onStarted }: FailedDaysProps) {
  const [isWhole, setWhole] = useState(false);
  const [nothing, setNothing] = useState(false);
  const retrying = useAction();
  const hasSites = new Set(days.map(({ site }) => site)).size > 1;
  const dates = days.map(({ date }) => date).sort();
  const [first, last] = [dates[0], dates.at(-1)];
  const retry = async () => {
    if (first === undefined || last === undefined) return;
    const sites = [...new Set(days.map(({ site }) => site))];
    const isDone = await retrying.run(async () =>
      setNothing(!(await retryFailed({ start_date: first, end_date: last, sites }))),
    );
    if (isDone) onStarted();
  };
  return (
    <section class="card stack failed-days" aria-labelledby="failed-title">
      <header class="job-head">
        <h2 id="failed-title">
          <Icon name="warning" />
          {formatCount(days.length, "day")} to check
        </h2>
        <button type="button" class="button" disabled={isRunning || retrying.isBusy} onClick={() => void retry()}>
          <Icon name="refresh" />
          {retrying.isBusy ? "Starting…" : "Try again"}
        </button>
      </header>
      {retrying.error !== null && <Refusal lead="Could not retry them." error={retrying.error} />}
      {nothing && <p class="quiet">None of them counts as failed any more.</p>}
      <ul>
        {(isWhole ? days : days.slice(0, FIRST)).map(({ site, date, state, reason }) => (
          <li key={`${date} ${site}`}>
            <span class="failed-date number">{dateText(date)}</span>
            <span>
              <strong>
                {hasSites ? `${site}: ` : ""}
                {STATE_LABELS[state]}
              </strong>{" "}
              <span class="quiet reason">{reason}</span>
            </span>
          </li>
        ))}
      </ul>
      {!isWhole && days.length > FIRST && (
        <button type="button" class="button" onClick={() => setWhole(true)}>
          Show {days.length - FIRST} more
        </button>
      )}
    </section>
  );
}
