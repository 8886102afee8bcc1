import { formatCount } from "./output-line.ts";

/** Fields of a progress line, from `GET /backfill/status`. */
export interface BackfillProgress {
  readonly status: string;
  readonly days_completed: number;
  readonly days_total: number;
  readonly days_failed: number;
  readonly days_suspect: number;
  readonly progress_percent: string;
  readonly records_processed: number;
  readonly current_date: string;
  readonly rate: { readonly days_per_hour: number | null };
  /** ISO-8601; null: unknown */
  readonly estimated_completion: string | null;
  /** `running_day` null: the site builds no day */
  readonly sites: readonly { readonly running_day: RunningDay | null }[];
}

/** Progress of the day that a site builds. */
interface RunningDay {
  readonly hours_done: number;
  readonly hours_total: number;
  readonly requests: number;
  readonly samples: number;
}

/** A part of a progress text. */
interface Part {
  readonly text: string;
  readonly isAlarm?: boolean;
}

const GAP = "  ";
const BAR_CELLS = 24;

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

/** Days that were built or failed. */
export function daysTried(progress: BackfillProgress): number {
  return progress.days_completed + progress.days_failed + progress.days_suspect;
}

/** `[####----]`, full only when no day is left. */
function bar(progress: BackfillProgress): string {
  const total = progress.days_total;
  const filled = total === 0 ? BAR_CELLS : Math.min(BAR_CELLS, Math.floor((daysTried(progress) / total) * BAR_CELLS));
  return `[${"#".repeat(filled)}${"-".repeat(BAR_CELLS - filled)}]`;
}

function partsOf(progress: BackfillProgress, now: number): Part[] {
  const { days_completed: done, days_failed: failed, days_suspect: suspect, days_total: total } = progress;
  const parts: Part[] = [
    { text: `${progress.progress_percent}%` },
    { text: `${done} of ${total} days` },
    { text: `${progress.records_processed.toLocaleString("en")} samples` },
  ];
  if (progress.status === "in_progress") {
    parts.push(...runningParts(progress));
    const { days_per_hour: rate } = progress.rate;
    if (rate !== null) parts.push({ text: `${rateText(rate)} days/h` });
    const end = progress.estimated_completion;
    if (end === null) parts.push({ text: "time left unknown" });
    else parts.push({ text: `${durationText(Date.parse(end) - now)} left` });
  }
  if (failed > 0) parts.push({ text: `${failed} FAILED`, isAlarm: true });
  if (suspect > 0) parts.push({ text: `${suspect} SUSPECT`, isAlarm: true });
  return parts;
}

/** The day that is being built, and its progress; of several sites the first day, and the sum of their hours. */
function runningParts({ sites, current_date: date }: BackfillProgress): Part[] {
  const days = sites.flatMap((site) => site.running_day ?? []);
  if (days.length === 0) return [{ text: `at ${date}` }];
  const sum = (valueOf: (day: RunningDay) => number) => days.reduce((total, day) => total + valueOf(day), 0);
  const hours = `${sum((day) => day.hours_done)} of ${sum((day) => day.hours_total)} h`;
  const requests = formatCount(
    sum((day) => day.requests),
    "request",
  );
  const samples = formatCount(
    sum((day) => day.samples),
    "sample",
  );
  return [
    { text: `at ${date}: ${hours}${days.length === 1 ? "" : ` of ${days.length} sites`}` },
    { text: `${requests}, ${samples} in them` },
  ];
}

function rateText(rate: number): string {
  return rate.toLocaleString("en", { maximumFractionDigits: rate < 10 ? 1 : 0 });
}

/**
 * Days, samples, rate, remaining time and failures, without a bar: for a log.
 * @param now epoch ms
 */
export function progressText(progress: BackfillProgress, now: number): string {
  return partsOf(progress, now)
    .map(({ text }) => text)
    .join(GAP);
}

/**
 * A bar and the parts of {@link progressText}; the terminal wraps it.
 * @param now epoch ms
 * @param alarm marks failures, for example by a colour
 */
export function progressLine(progress: BackfillProgress, now: number, alarm: (text: string) => string): string {
  const parts = partsOf(progress, now).map(({ text, isAlarm }) => (isAlarm === true ? alarm(text) : text));
  return [bar(progress), ...parts].join(GAP);
}
