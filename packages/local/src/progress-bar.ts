/** What a progress line tells; parsed from `GET /backfill/status`. */
export interface BackfillProgress {
  readonly status: string;
  readonly days_completed: number;
  readonly days_total: number;
  readonly days_failed: number;
  readonly progress_percent: string;
  readonly records_processed: number;
  readonly current_date: string;
  readonly rate: { readonly days_per_hour: number | null };
  /** ISO-8601; null: unknown */
  readonly estimated_completion: string | null;
}

const BAR_WIDTH = 24;

/** A duration for people: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** One line: a bar, days, records, rate, time left, failures. @param now epoch ms */
export function progressLine(progress: BackfillProgress, now: number): string {
  const { days_completed: done, days_failed: failed, days_total: total } = progress;
  const filled = total === 0 ? BAR_WIDTH : Math.floor(((done + failed) / total) * BAR_WIDTH);
  const parts = [
    `[${"#".repeat(filled)}${"-".repeat(BAR_WIDTH - filled)}] ${progress.progress_percent}%`,
    `${done} of ${total} days`,
    `${progress.records_processed.toLocaleString("en")} samples`,
  ];
  if (progress.status === "in_progress") {
    parts.push(`at ${progress.current_date}`);
    const { days_per_hour: rate } = progress.rate;
    if (rate !== null) parts.push(`${rate.toLocaleString("en")} days/h`);
    const end = progress.estimated_completion;
    parts.push(end === null ? "time left not known yet" : `${durationText(Date.parse(end) - now)} left`);
  }
  if (failed > 0) parts.push(`${failed} FAILED`);
  return parts.join("  ");
}
