const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
/** The API's limit: five years. */
const MAX_DAYS = 1827;

export const SCOPES = ["site", "all"] as const;
export const SHOWN_DAYS = ["job", "chosen"] as const;

/** The form, as stored in the address. Dates are UTC days, both included, as typed, so they may be invalid. */
export interface BackfillState {
  readonly from: string;
  readonly to: string;
  /** of one site, or of all sites */
  readonly scope: (typeof SCOPES)[number];
  /** the days of the calendar: the backfill's, or those between the form's dates */
  readonly shown: (typeof SHOWN_DAYS)[number];
}

/** `YYYY-MM-DD` of the UTC day. @param time epoch ms */
function dayTextOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** The last finished UTC day. @param time epoch ms */
export function yesterday(now: number): string {
  return dayTextOf(now - DAY_MS);
}

/** A number of days up to yesterday. */
export function lastDays(days: number, now: number): { readonly from: string; readonly to: string } {
  return { from: dayTextOf(now - days * DAY_MS), to: yesterday(now) };
}

/** Reads an address; the default is the last 30 days of the only site. @param now epoch ms */
export function parseBackfill(params: URLSearchParams, now: number): BackfillState {
  const usual = lastDays(DEFAULT_DAYS, now);
  return {
    from: params.get("from") ?? usual.from,
    to: params.get("to") ?? usual.to,
    scope: SCOPES.find((scope) => scope === params.get("scope")) ?? "site",
    shown: SHOWN_DAYS.find((shown) => shown === params.get("days")) ?? "job",
  };
}

/** The address of a state, without defaults. @param now epoch ms */
export function formatBackfill(state: BackfillState, now: number): URLSearchParams {
  const usual = lastDays(DEFAULT_DAYS, now);
  const params = new URLSearchParams();
  // Both or neither, because a default date changes with the days.
  if (state.from !== usual.from || state.to !== usual.to) {
    params.set("from", state.from);
    params.set("to", state.to);
  }
  if (state.scope !== "site") params.set("scope", state.scope);
  if (state.shown !== "job") params.set("days", state.shown);
  return params;
}

/** The error of a field of the form. */
export interface FieldProblem {
  readonly field: "start_date" | "end_date" | "sites";
  readonly text: string;
}

function isDay(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(time) && dayTextOf(time) === text;
}

/** The number of days between two dates, both included. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
}

/** The error that the API would report; null: none. @param now epoch ms */
export function problemOfDates({ from, to }: Pick<BackfillState, "from" | "to">, now: number): FieldProblem | null {
  const last = yesterday(now);
  if (!isDay(from)) return { field: "start_date", text: "Give a date." };
  if (!isDay(to)) return { field: "end_date", text: "Give a date." };
  if (to > last) return { field: "end_date", text: `That day has not ended: ${last} (UTC) is the last finished day.` };
  if (from > to) return { field: "start_date", text: "The first day is after the last one." };
  const days = daysBetween(from, to);
  if (days <= MAX_DAYS) return null;
  return {
    field: "start_date",
    text: `${days.toLocaleString("en")} days: a backfill has at most five years.`,
  };
}
