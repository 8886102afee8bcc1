/** What a progress line tells; parsed from `GET /backfill/status`. */
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

/** How far the build of a site's day has come. */
interface RunningDay {
  readonly hours_done: number;
  readonly hours_total: number;
  readonly requests: number;
  readonly samples: number;
}

/** A part of a line. Where the line is too long, the parts of the lowest `weight` go first. */
interface Part {
  readonly text: string;
  readonly weight: number;
  readonly isAlarm?: boolean;
}

const GAP = "  ";
const MOST_BAR_CELLS = 24;
const FEWEST_BAR_CELLS = 12;
const BAR_WEIGHT = 5;

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

/** Days that are dealt with, for better or worse. */
export function daysTried(progress: BackfillProgress): number {
  return progress.days_completed + progress.days_failed + progress.days_suspect;
}

/** `[####----]` of so many cells, full only when nothing is left to do. */
function bar(progress: BackfillProgress, cells: number): string {
  const total = progress.days_total;
  const filled = total === 0 ? cells : Math.min(cells, Math.floor((daysTried(progress) / total) * cells));
  return `[${"#".repeat(filled)}${"-".repeat(cells - filled)}]`;
}

function partsOf(progress: BackfillProgress, now: number): Part[] {
  const { days_completed: done, days_failed: failed, days_suspect: suspect, days_total: total } = progress;
  const parts: Part[] = [
    { text: `${progress.progress_percent}%`, weight: 10 },
    { text: `${done} of ${total} days`, weight: 7 },
    { text: `${progress.records_processed.toLocaleString("en")} samples`, weight: 4 },
  ];
  if (progress.status === "in_progress") {
    parts.push(...runningParts(progress));
    const { days_per_hour: rate } = progress.rate;
    if (rate !== null) parts.push({ text: `${rateText(rate)} days/h`, weight: 2 });
    const end = progress.estimated_completion;
    if (end === null) parts.push({ text: "time left not known yet", weight: 0 });
    else parts.push({ text: `${durationText(Date.parse(end) - now)} left`, weight: 6 });
  }
  if (failed > 0) parts.push({ text: `${failed} FAILED`, weight: 9, isAlarm: true });
  if (suspect > 0) parts.push({ text: `${suspect} SUSPECT`, weight: 8, isAlarm: true });
  return parts;
}

/** The day that is built, and how far it has come; of several sites the first day, and all of theirs together. */
function runningParts({ sites, current_date: date }: BackfillProgress): Part[] {
  const days = sites.flatMap((site) => site.running_day ?? []);
  if (days.length === 0) return [{ text: `at ${date}`, weight: 3 }];
  const sum = (of: (day: RunningDay) => number) => days.reduce((total, day) => total + of(day), 0);
  const hours = `${sum((day) => day.hours_done)} of ${sum((day) => day.hours_total)} h`;
  const count = (n: number, what: string) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
  const read = `${count(
    sum((day) => day.requests),
    "request",
  )}, ${count(
    sum((day) => day.samples),
    "sample",
  )} in them`;
  return [
    { text: `at ${date}: ${hours}${days.length === 1 ? "" : ` of ${days.length} sites`}`, weight: 3 },
    { text: read, weight: 1 },
  ];
}

function rateText(rate: number): string {
  return rate.toLocaleString("en", { maximumFractionDigits: rate < 10 ? 1 : 0 });
}

/**
 * Days, samples, rate, time left and failures in one line, without a bar: for a log.
 * @param now epoch ms
 */
export function progressText(progress: BackfillProgress, now: number): string {
  return partsOf(progress, now)
    .map(({ text }) => text)
    .join(GAP);
}

/**
 * A bar and as much of {@link progressText} as there is room for, the most important first.
 * @param now epoch ms
 * @param width columns that the line may take
 * @param alarm marks what is wrong, without taking columns of its own: a colour
 */
export function progressLine(
  progress: BackfillProgress,
  now: number,
  width: number,
  alarm: (text: string) => string = (text) => text,
): string {
  const parts: Part[] = [{ text: bar(progress, FEWEST_BAR_CELLS), weight: BAR_WEIGHT }, ...partsOf(progress, now)];
  const length = () => parts.reduce((sum, { text }) => sum + text.length + GAP.length, -GAP.length);
  while (length() > width && parts.length > 1) {
    const least = Math.min(...parts.map(({ weight }) => weight));
    parts.splice(
      parts.findIndex(({ weight }) => weight === least),
      1,
    );
  }
  // Not all the room that is left: a bar that grew and shrank with every digit beside it would be restless.
  const cells = Math.min(MOST_BAR_CELLS, Math.max(FEWEST_BAR_CELLS, Math.floor(width / 4)));
  if (parts[0]!.weight === BAR_WEIGHT && length() + cells - FEWEST_BAR_CELLS <= width) {
    parts[0] = { text: bar(progress, cells), weight: BAR_WEIGHT };
  }
  return parts.map(({ text, isAlarm }) => (isAlarm === true ? alarm(text) : text.slice(0, width))).join(GAP);
}
