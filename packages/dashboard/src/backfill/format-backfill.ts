import type { BackfillJob, Plan, RunningDay } from "./backfill-api.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `1 day`, `1,200 days`. */
export function formatCount(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** A length of time for people: `less than a minute`, `12 minutes`, `3 hours 20 minutes`, `2 days 4 hours`. */
export function formatDuration(ms: number): string {
  const minutes = Math.round(Math.max(0, ms) / MINUTE);
  if (minutes === 0) return "less than a minute";
  if (minutes < 60) return formatCount(minutes, "minute");
  const hours = Math.round(minutes / 60);
  if (hours < 24) {
    const [whole, rest] = [Math.floor(minutes / 60), minutes % 60];
    return rest === 0 ? formatCount(whole, "hour") : `${formatCount(whole, "hour")} ${formatCount(rest, "minute")}`;
  }
  const [days, rest] = [Math.floor(hours / 24), hours % 24];
  return rest === 0 ? formatCount(days, "day") : `${formatCount(days, "day")} ${formatCount(rest, "hour")}`;
}

/** `12.4 MB`: powers of 1,000, three digits. */
export function bytesText(bytes: number): string {
  let value = bytes;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    // A value that rounds to 1,000 is 1 of the next unit.
    if (value < 999.5) return `${digits(value)} ${unit}`;
    value /= 1000;
  }
  return `${digits(value)} TB`;
}

function digits(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

/** Dollars; a small sum is never shown as zero. */
export function moneyText(dollars: number): string {
  if (dollars === 0) return "$0";
  if (dollars < 0.01) return "less than $0.01";
  return dollars.toLocaleString("en", { style: "currency", currency: "USD" });
}

/** `Nov 22, 2026` of a UTC day. @param date `YYYY-MM-DD` */
export function dateText(date: string): string {
  return new Date(date).toLocaleDateString("en", { dateStyle: "medium", timeZone: "UTC" });
}

/** When the building's API was asked for a whole day, and when it is asked again; null: never. */
interface Settling {
  readonly settled_at: string | null;
  readonly due_at: string | null;
}

/** `settled on Nov 29, 2026`, `asked again on Dec 6, 2026`, for a day that is or was due to be settled. */
export function settlingFigures({ settled_at: settledAt, due_at: dueAt }: Settling): string[] {
  return [
    settledAt === null ? "not settled yet" : `settled on ${dateText(settledAt.slice(0, 10))}`,
    ...(dueAt === null ? [] : [`asked again on ${dateText(dueAt.slice(0, 10))}`]),
  ];
}

/** `Nov 18 – 22, 2026`. */
export function datesText(from: string, to: string): string {
  const format = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeZone: "UTC" });
  return format.formatRange(new Date(from), new Date(to));
}

/** A figure with its name and a note. */
export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly note: string | null;
}

/** The figures of a backfill's plan. */
export function planFigures(plan: Plan): Figure[] {
  const { days, days_skipped: skipped, calls, hours, samples, bytes, cost, sites } = plan;
  const isGuess = sites.some(({ basis }) => basis === "nothing");
  return [
    {
      label: "To fetch",
      value: formatCount(days, "day"),
      note: skipped === 0 ? null : `${formatCount(skipped, "more day")} ${skipped === 1 ? "is" : "are"} stored already`,
    },
    { label: "Takes about", value: formatDuration(hours * HOUR), note: formatCount(calls, "request") },
    {
      label: "Stores about",
      value: bytesText(bytes),
      note: isGuess ? "uncertain: nothing of a site was stored yet" : formatCount(Math.round(samples), "sample"),
    },
    {
      label: "Costs about",
      value: moneyText(cost.total),
      note: `and ${moneyText(cost.r2_storage_per_month)} a month, at list prices`,
    },
  ];
}

/** When a backfill will end; null: it has ended. @param now epoch ms @param timeZone of the shown clock */
export function formatEta(
  job: BackfillJob,
  now: number,
  timeZone?: string,
): { left: string; at: string | null } | null {
  if (job.status !== "in_progress") return null;
  if (job.estimated_completion === null) return { left: "unknown until a day is done", at: null };
  const end = Date.parse(job.estimated_completion);
  const isFar = end - now > 20 * HOUR;
  const at = new Date(end).toLocaleString("en", {
    ...(isFar ? { weekday: "short", month: "short", day: "numeric" } : {}),
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  return { left: `about ${formatDuration(end - now)}`.replace("about less", "less"), at };
}

/** `45 days an hour`; null: unknown. */
export function formatRate(daysPerHour: number | null): string | null {
  if (daysPerHour === null) return null;
  // A slow rate is easier to read as time per day.
  if (daysPerHour < 1 && daysPerHour > 0) return `a day in ${formatDuration(HOUR / daysPerHour)}`;
  const shown = daysPerHour.toLocaleString("en", { maximumFractionDigits: daysPerHour < 10 ? 1 : 0 });
  return `${shown} ${shown === "1" ? "day" : "days"} an hour`;
}

/** The duration of a backfill so far. @param now epoch ms */
export function formatElapsed(job: BackfillJob, now: number): string {
  const end = job.status === "in_progress" ? now : Date.parse(job.last_updated);
  return formatDuration(Math.min(end - Date.parse(job.started_at), 10_000 * DAY));
}

/** `9 of 24 hours · 29 requests · 2,400,000 samples`, summed over the days being built; null: none. */
export function formatRunning(days: readonly RunningDay[]): string | null {
  if (days.length === 0) return null;
  const sum = (valueOf: (day: RunningDay) => number) => days.reduce((all, day) => all + valueOf(day), 0);
  return [
    `${sum((day) => day.hours_done)} of ${formatCount(
      sum((day) => day.hours_total),
      "hour",
    )}`,
    formatCount(
      sum((day) => day.requests),
      "request",
    ),
    formatCount(
      sum((day) => day.samples),
      "sample",
    ),
  ].join(" · ");
}

const REJECTIONS: Readonly<Record<string, string>> = {
  unconfigured: "of points that are not collected",
  null: "without a value",
  non_numeric: "not a number",
  non_finite: "not a finite number",
  bad_time: "without a readable time",
  future: "from the future",
  malformed: "not a record",
  same_millisecond: "within the same millisecond as another",
};

/** Rejection reasons of the building's API's records. */
export function formatRejections(reason: string): string {
  return REJECTIONS[reason] ?? reason.replaceAll("_", " ");
}
