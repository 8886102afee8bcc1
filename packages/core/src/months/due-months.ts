import { generationsOf } from "../manifest/month-basis.ts";
import type { DayOutline } from "../manifest/manifest.ts";
import type { MonthGenerations, MonthRow } from "../manifest/month-files.ts";
import { DAY_MS, dayOf } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { monthDays, monthOf } from "../domain/month.ts";

/** How long no day of a month may have been published before it is built: a backfill publishes one day after the other. */
export const QUIET_BEFORE_BUILD_MS = 6 * HOUR_MS;

/** The longest time until a month is tried again whose build failed. */
const MAX_RETRY_MS = DAY_MS;

/** All that decides which month of a site is to be built. Days are whole days since 1970, times epoch ms. */
export interface SiteMonths {
  readonly now: number;
  /** days that were ever built, in any order */
  readonly days: readonly DayOutline[];
  /** days that are to be settled yet, or have samples beside their file */
  readonly unsettled: ReadonlySet<number>;
  readonly months: readonly MonthRow[];
  /** whether the site keeps month files */
  readonly keepsFiles: boolean;
}

/**
 * The newest month that is over, whose days are all settled, and whose file or packed aggregates are not those of its days; null: none is.
 * The newest first, because people look at it most.
 */
export function dueMonth(site: SiteMonths): number | null {
  const { now, unsettled } = site;
  const { ofMonth, rows } = byMonth(site);
  const restless = new Set([...unsettled].map(monthOf));
  const candidates = [...new Set([...ofMonth.keys(), ...rows.keys()])].sort((a, b) => b - a);
  const due = candidates.find((month) => {
    const own = ofMonth.get(month) ?? [];
    const row = rows.get(month);
    const isOver = monthDays(month).end <= dayOf(now);
    const isQuiet = own.every(({ updatedAt }) => updatedAt + QUIET_BEFORE_BUILD_MS <= now);
    return isOver && isQuiet && !restless.has(month) && mayBeTried(row, now) && needOfMonth(site, month) !== "nothing";
  });
  return due ?? null;
}

function byMonth({ days, months }: Pick<SiteMonths, "days" | "months">) {
  const ofMonth = Map.groupBy(days, ({ day }) => monthOf(day));
  return { ofMonth, rows: new Map(months.map((row) => [row.month, row])) };
}

/** {@link needOf} of a month as it is now. */
export function needOfMonth(site: Omit<SiteMonths, "now" | "unsettled">, month: number): MonthNeed {
  const { ofMonth, rows } = byMonth(site);
  return needOf(rows.get(month), generationsOf(month, ofMonth.get(month) ?? []), site.keepsFiles);
}

function mayBeTried(row: MonthRow | undefined, now: number): boolean {
  if (row === undefined || row.attempts === 0 || row.builtAt === null) return true;
  return row.builtAt + Math.min(2 ** (row.attempts - 1) * HOUR_MS, MAX_RETRY_MS) <= now;
}

/**
 * What a month lacks. `file`: its file, and then its packed aggregates, which name the file; `packing`: these alone; `removal`: it may have an
 * object in R2 that is not wanted.
 */
export type MonthNeed = "nothing" | "file" | "packing" | "removal";

/** @param row undefined: it has none @param wanted generations of its days' files */
export function needOf(
  row: Pick<MonthRow, "file" | "mayHaveObject" | "days" | "generation" | "located" | "packed"> | undefined,
  wanted: MonthGenerations,
  keepsFiles: boolean,
): MonthNeed {
  const isEmpty = wanted.every((generation) => generation === null);
  const hasFile = row !== undefined && row.file !== null;
  if (row?.mayHaveObject === true && (isEmpty || !keepsFiles)) return "removal";
  // Without its places a file cannot be read. They are staged with its build, which may be gone.
  const isWhole = hasFile && row.located === row.generation && isSame(row.days, wanted);
  if (!isEmpty && keepsFiles && !isWhole) return "file";
  // Packing a month without files drops the packed aggregates of its deleted days.
  const isPacked = row === undefined ? isEmpty : isSame(row.packed, wanted);
  return isPacked ? "nothing" : "packing";
}

function isSame(a: MonthGenerations, b: MonthGenerations): boolean {
  return a.length === b.length && a.every((generation, i) => generation === b[i]);
}
