import { useEffect, useRef, useState } from "preact/hooks";
import { useAnswer } from "../api/use-answer.ts";
import type { ViewProps } from "../shell/view.ts";
import { Failure } from "../ui/failure.tsx";
import { fetchDays, fetchJob, type BackfillJob } from "./backfill-api.ts";
import { type BackfillState, formatBackfill, parseBackfill, problemOfDates } from "./backfill-state.ts";
import { DaysCard } from "./days-card.tsx";
import { FailedDays } from "./failed-days.tsx";
import { JobCard } from "./job-card.tsx";
import { daysRevision, troubledDays } from "./job-days.ts";
import { PlanForm } from "./plan-form.tsx";

const RUNNING_EVERY_MS = 2000;
/** Another page or a command may start a backfill, too. */
const RESTING_EVERY_MS = 15_000;

/** Fetches past days: the plan, the progress, and the result of each day. */
export function BackfillView({ site, params, setParams }: ViewProps) {
  const state = parseBackfill(params, Date.now());
  const [everyMs, setEveryMs] = useState(RESTING_EVERY_MS);
  const status = useAnswer("status", fetchJob, everyMs);
  const job = status.data ?? null;
  const isRunning = job?.status === "in_progress";
  useEffect(() => setEveryMs(isRunning ? RUNNING_EVERY_MS : RESTING_EVERY_MS), [isRunning]);
  const setState = (next: BackfillState) => setParams(formatBackfill(next, Date.now()), "replace");

  const range = rangeOf(state, job);
  const ofJob = range !== null && range.isOfJob ? job : null;
  const one = ofJob === null ? site.name : ofJob.sites.length === 1 ? (ofJob.sites[0]?.site ?? null) : null;
  const key =
    status.data === undefined || range === null
      ? null
      : `${range.from} ${range.to} ${one} ${ofJob === null ? "" : daysRevision(ofJob)}`;
  const days = useAnswer(key, (signal) => {
    if (range === null) throw new Error("no valid range");
    return fetchDays(range, one, signal);
  });
  const troubled = troubledDays(days.data ?? [], ofJob);

  // A user who starts a backfill sees its head first.
  const isNew = useRef(false);
  useEffect(() => {
    if (!isNew.current || !isRunning) return;
    isNew.current = false;
    document.getElementById("job-title")?.focus();
  }, [job?.backfill_id, isRunning]);
  const onStarted = () => {
    isNew.current = true;
    setState({ ...state, shown: "job" });
    status.reload();
    days.reload();
  };
  const form = (
    <PlanForm
      key="form"
      site={site}
      state={state}
      setState={setState}
      isRunning={isRunning}
      onStarted={onStarted}
      onRefused={status.reload}
    />
  );
  return (
    <div class={isRunning ? "backfill running" : "backfill"}>
      <h1 class="visually-hidden">Backfill</h1>
      {!isRunning && form}
      <div key="job" class="backfill-job stack">
        {status.error !== undefined && <Failure part="The progress" error={status.error} onRetry={status.reload} />}
        {status.data === undefined && status.error === undefined && <div class="card job-waiting" aria-busy="true" />}
        {status.data === null && (
          <section class="card empty">
            <h2>No backfill yet</h2>
            <p>Choose the days to fetch, check the plan, and start it.</p>
          </section>
        )}
        {job !== null && <JobCard job={job} onCancelled={status.reload} />}
        {troubled.length > 0 && <FailedDays days={troubled} isRunning={isRunning} onStarted={onStarted} />}
        {(key !== null || days.data !== undefined) && (
          <DaysCard
            days={days}
            job={ofJob}
            hasJob={job !== null}
            site={site.name}
            shown={state.shown}
            setShown={(shown) => setState({ ...state, shown })}
          />
        )}
      </div>
      {isRunning && form}
    </div>
  );
}

/** The shown days; null: the form's dates are invalid. */
function rangeOf(state: BackfillState, job: BackfillJob | null): { from: string; to: string; isOfJob: boolean } | null {
  if (job !== null && state.shown === "job") return { from: job.start_date, to: job.end_date, isOfJob: true };
  if (problemOfDates(state, Date.now()) !== null) return null;
  return { from: state.from, to: state.to, isOfJob: false };
}
