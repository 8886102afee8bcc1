import { useEffect, useState } from "preact/hooks";
import { useAction } from "../api/use-action.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Refusal } from "../ui/refusal.tsx";
import { cancelBackfill, type BackfillJob } from "./backfill-api.ts";
import {
  formatCount,
  dateText,
  datesText,
  formatEta,
  type Figure,
  formatRate,
  formatRejections,
  formatRunning,
  formatElapsed,
} from "./format-backfill.ts";
import { siteDays } from "./job-days.ts";
import { ProgressBar } from "./progress-bar.tsx";
import { QueueRows } from "./queue-rows.tsx";
import { SiteRows } from "./site-rows.tsx";

const STATUS: Record<BackfillJob["status"], { readonly word: string; readonly icon: IconName }> = {
  in_progress: { word: "Running", icon: "refresh" },
  completed: { word: "Completed", icon: "check" },
  cancelled: { word: "Cancelled", icon: "close" },
  failed: { word: "Failed", icon: "warning" },
};

/** Left out if empty. */
function figuresOf(job: BackfillJob, now: number): Figure[] {
  const isRunning = job.status === "in_progress";
  const eta = formatEta(job, now);
  const rate = formatRate(job.rate.days_per_hour);
  const perMinute = job.rate.requests_per_minute;
  const rejected = Object.values(job.records_rejected).reduce((sum, count) => sum + count, 0);
  const reasons = Object.keys(job.records_rejected).map(formatRejections).join(", ");
  const figures: (Figure | null)[] = [
    eta === null
      ? { label: "Took", value: formatElapsed(job, now), note: null }
      : { label: "Time left", value: eta.left, note: eta.at === null ? null : `until ${eta.at}` },
    rate === null
      ? null
      : { label: "Rate", value: rate, note: isRunning && perMinute !== null ? `${perMinute} requests a minute` : null },
    isRunning
      ? {
          label: "Now at",
          value: dateText(job.current_date),
          note: formatRunning(job.sites.flatMap((site) => site.running_day ?? [])),
        }
      : null,
    {
      label: "Samples",
      value: job.records_processed.toLocaleString("en"),
      note: rejected === 0 ? null : `${rejected.toLocaleString("en")} more not stored: ${reasons}`,
    },
    {
      label: "Requests",
      value: job.api_calls.toLocaleString("en"),
      note:
        job.retries === 0
          ? null
          : `including ${job.retries.toLocaleString("en")} ${job.retries === 1 ? "retry" : "retries"}`,
    },
  ];
  return figures.filter((figure) => figure !== null);
}

interface JobCardProps {
  readonly job: BackfillJob;
  readonly onCancelled: () => void;
}

/** The progress of the running backfill, or of the last one. */
export function JobCard({ job, onCancelled }: JobCardProps) {
  const cancelling = useAction();
  const isRunning = job.status === "in_progress";
  const now = useClock(isRunning);
  const { word, icon } = STATUS[job.status];
  const cancel = async () => {
    if (await cancelling.run(() => cancelBackfill(job.backfill_id))) onCancelled();
  };
  return (
    <section class="card stack job" aria-labelledby="job-title">
      <header class="job-head">
        <div>
          <h2 id="job-title" tabIndex={-1}>
            {isRunning ? "Backfill" : "Last backfill"}{" "}
            <span class="number">{datesText(job.start_date, job.end_date)}</span>
          </h2>
          <p class={`chip ${job.status}`} role="status">
            <Icon name={icon} />
            {word}
          </p>
        </div>
        {isRunning && (
          <button type="button" class="button" disabled={cancelling.isBusy} onClick={() => void cancel()}>
            {cancelling.isBusy ? "Cancelling…" : "Cancel"}
          </button>
        )}
      </header>
      {cancelling.error !== null && <Refusal lead="Could not cancel it." error={cancelling.error} />}
      {job.stalled && (
        <div class="notice" role="status">
          <Icon name="warning" />
          <p>
            <strong>No day has finished for a long time.</strong> It continues when the building's API answers again. If
            it does not, check the log of the backfill Worker.
          </p>
        </div>
      )}
      {job.reason !== null && (
        <div class="notice">
          <Icon name="warning" />
          <p>{job.reason}</p>
        </div>
      )}
      <div class="job-progress">
        <p class="job-percent number">
          {Math.floor(Number(job.progress_percent))}
          <span>%</span>
        </p>
        <div>
          <p class="number">
            <strong>
              {job.days_completed.toLocaleString("en")} of {formatCount(job.days_total, "day")}
            </strong>{" "}
            <span class="quiet">{formatParts(job)}</span>
          </p>
          <ProgressBar label="Days processed" unit={job.sites.length > 1 ? "site-days" : "days"} {...siteDays(job)} />
        </div>
      </div>
      <dl class="figures wide">
        {figuresOf(job, now).map(({ label, value, note }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd class="number">{value}</dd>
            {note !== null && <dd class="quiet number">{note}</dd>}
          </div>
        ))}
      </dl>
      {job.sites.length > 1 && <SiteRows sites={job.sites} />}
      {job.queue.length > 0 && <QueueRows queue={job.queue} onCancelled={onCancelled} />}
      {job.status === "cancelled" && <p class="quiet">Start it again to continue: stored days stay unchanged.</p>}
    </section>
  );
}

/** The days by outcome, other than simply done. */
function formatParts({
  days_skipped: skipped,
  days_empty: empty,
  days_failed: failed,
  days_suspect: suspect,
}: BackfillJob): string {
  const parts = [
    skipped > 0 ? `${skipped.toLocaleString("en")} stored before` : null,
    empty > 0 ? `${empty.toLocaleString("en")} without samples` : null,
    failed > 0 ? `${failed.toLocaleString("en")} failed` : null,
    suspect > 0 ? `${suspect.toLocaleString("en")} suspect` : null,
  ];
  return parts.filter((part) => part !== null).join(" · ");
}

/** Epoch ms; advances while a job runs, so that the remaining time falls between two answers. */
function useClock(isRunning: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    setNow(Date.now());
    if (!isRunning) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now;
}
