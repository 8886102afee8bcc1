import { generationsOf } from "../manifest/month-basis.ts";
import type { DayOutline } from "../manifest/manifest.ts";
import type { MonthGenerations, MonthRow } from "../manifest/month-files.ts";
import { DAY_MS, dayOf } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { monthDays, monthOf } from "../domain/month.ts";

/**
 * A month is built only if none of its days was published for this long, because a backfill publishes one day after
 * another.
 */
export const QUIET_BEFORE_BUILD_MS = 6 * HOUR_MS;

/** Longest delay of a retry after a failed build. */
const MAX_RETRY_MS = DAY_MS;

/** All inputs that decide which month of a site is built next. Days are whole days since 1970, times epoch ms. */
export interface SiteMonths {
  readonly now: number;
  /** days that have an entry in the manifest, in any order */
  readonly days: readonly DayOutline[];
  /** days that are not settled yet, or have samples beside their file */
  readonly unsettled: ReadonlySet<number>;
  readonly months: readonly MonthRow[];
  /** whether the site keeps month files */
  readonly keepsFiles: boolean;
}

/**
 * Finds the newest month that has ended, whose days are all settled, and whose file or packed aggregates differ from
 * its days; null: none. The newest comes first because people view it most.
 */
export function dueMonth(site: SiteMonths): number | null {
  const { now, unsettled } = site;
  const { ofMonth, rows } = byMonth(site);
  const restless = new Set([...unsettled].map(monthOf));
  const candidates = [...new Set([...ofMonth.keys(), ...rows.keys()])].sort((a, b) => b - a);
  const due = candidates.find((month) => {
    const days = ofMonth.get(month) ?? [];
    const row = rows.get(month);
    const isOver = monthDays(month).end <= dayOf(now);
    const isQuiet = days.every(({ updatedAt }) => updatedAt + QUIET_BEFORE_BUILD_MS <= now);
    return isOver && isQuiet && !restless.has(month) && mayBeTried(row, now) && needOfMonth(site, month) !== "nothing";
  });
  return due ?? null;
}

function byMonth({ days, months }: Pick<SiteMonths, "days" | "months">) {
  const ofMonth = Map.groupBy(days, ({ day }) => monthOf(day));
  return { ofMonth, rows: new Map(months.map((row) => [row.month, row])) };
}

/** {@link needOf} for a month as it is now. */
export function needOfMonth(site: Omit<SiteMonths, "now" | "unsettled">, month: number): MonthNeed {
  const { ofMonth, rows } = byMonth(site);
  return needOf(rows.get(month), generationsOf(month, ofMonth.get(month) ?? []), site.keepsFiles);
}

function mayBeTried(row: MonthRow | undefined, now: number): boolean {
  if (row === undefined || row.attempts === 0 || row.builtAt === null) return true;
  return row.builtAt + Math.min(2 ** (row.attempts - 1) * HOUR_MS, MAX_RETRY_MS) <= now;
}

/**
 * The need of a month. `file`: a new file, then new packed aggregates, which name the file; `packing`: only the
 * aggregates; `removal`: R2 may have an object that is not wanted.
 */
export type MonthNeed = "nothing" | "file" | "packing" | "removal";

/** @param row undefined: the month has none @param wanted generations of its days' files */
export function needOf(
  row: Pick<MonthRow, "file" | "mayHaveObject" | "days" | "generation" | "located" | "packed"> | undefined,
  wanted: MonthGenerations,
  keepsFiles: boolean,
): MonthNeed {
  const isEmpty = wanted.every((generation) => generation === null);
  const hasFile = row !== undefined && row.file !== null;
  if (row?.mayHaveObject === true && (isEmpty || !keepsFiles)) return "removal";
  // Without its places a file cannot be read. They are staged by its build, and may be deleted.
  const isWhole = hasFile && row.located === row.generation && isSame(row.days, wanted);
  if (!isEmpty && keepsFiles && !isWhole) return "file";
  // Packing a month without files deletes the packed aggregates of its deleted days.
  const isPacked = row === undefined ? isEmpty : isSame(row.packed, wanted);
  return isPacked ? "nothing" : "packing";
}

function isSame(a: MonthGenerations, b: MonthGenerations): boolean {
  return a.length === b.length && a.every((generation, i) => generation === b[i]);
}
