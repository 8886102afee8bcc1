import { withD1Retry } from "../d1/retry.ts";
import { dayText } from "../domain/day.ts";
import { monthText } from "../domain/month.ts";
import { type ListedKey, listDayFiles, type RebuildRange } from "./list-day-files.ts";
import { type RebuildContext, rebuildDay, type RebuiltDay, type RebuildSite } from "./rebuild-day.ts";
import { dropMonthFile, noteObject } from "../manifest/write-month-files.ts";
import { readMonthFiles } from "../manifest/month-files.ts";

/** A day of 6.6 M samples takes some seconds to read, 20 statements and 40 requests to R2. */
const MAX_READS_PER_RUN = 10;
/** No file is started later in a run. */
const RUN_BUDGET_MS = 15_000;
/** Days per run; marking a missing one takes three statements. */
const MAX_KEYS_PER_RUN = 100;

/**
 * Outcomes of a month file:
 * - `unchanged`: D1 knows it
 * - `to_build`: D1 knows another one, or R2 has none; it will be built again
 */
export const MONTH_REBUILD_OUTCOMES = ["unchanged", "to_build"] as const;

export interface RebuiltMonth {
  /** ascending by day, then site */
  readonly key: string;
  readonly site: string;
  /** YYYY-MM, UTC */
  readonly month: string;
  readonly outcome: (typeof MONTH_REBUILD_OUTCOMES)[number];
}

/** What one run of the rebuild did: the answer of `POST /rebuild`. */
export interface RebuildResult {
  readonly dry_run: boolean;
  /** ascending by day, then site */
  readonly days: readonly RebuiltDay[];
  /** in the same order */
  readonly months: readonly RebuiltMonth[];
  /** the key to continue after; null: finished */
  readonly next_cursor: string | null;
}

/**
 * Compares D1's rows of day files with R2, and rebuilds them where they differ. Handles a bounded number of days per
 * run. An unknown month file will be built again. Changes nothing in R2.
 * @param sites the requested sites of the SITES setting
 * @param options.isEverySite whether those are all sites: objects of unknown sites are then reported too
 * @throws errors of D1 and R2 if the days cannot be listed
 */
export async function rebuildDays(
  context: RebuildContext,
  sites: readonly RebuildSite[],
  options: { readonly range: RebuildRange; readonly cursor: string | null; readonly isEverySite: boolean },
): Promise<RebuildResult> {
  const started = context.now();
  const { keys, hasMore } = await listDayFiles(context, sites, options.range, options.cursor);
  const days: RebuiltDay[] = [];
  const months: RebuiltMonth[] = [];
  let [handled, reads] = [0, 0];
  for (const listed of keys) {
    const isSpent = reads >= MAX_READS_PER_RUN || (reads > 0 && context.now() - started >= RUN_BUDGET_MS);
    if (handled >= MAX_KEYS_PER_RUN || (isSpent && isToRead(listed))) break;
    handled++;
    if (listed.rebuildSite === null) {
      if (options.isEverySite) days.push(notOurs(listed));
    } else if (listed.month !== null) {
      months.push(await rebuildMonth(context, { ...listed, month: listed.month, rebuildSite: listed.rebuildSite }));
    } else if (isToRead(listed)) {
      reads++;
      days.push(await rebuildDay(context, listed.rebuildSite, listed.day));
    } else {
      days.push(unchanged(listed));
    }
  }
  const isEnd = handled === keys.length && !hasMore;
  const last = keys[handled - 1]?.key ?? options.cursor;
  return { dry_run: context.dryRun, days, months, next_cursor: isEnd ? null : last };
}

/** A month's file is a copy of its days, so an unknown one is built again unread. */
async function rebuildMonth(
  { dryRun, bucket }: RebuildContext,
  {
    key,
    month,
    rebuildSite: { db, id, name },
    isRegistered,
  }: ListedKey & { readonly month: number; readonly rebuildSite: RebuildSite },
): Promise<RebuiltMonth> {
  const named = { key, site: name, month: monthText(month) };
  if (isRegistered) return { ...named, outcome: "unchanged" };
  if (dryRun || id === null) return { ...named, outcome: "to_build" };
  // A build may have published it since the keys were listed.
  const object = await bucket.head(key);
  const [row] = await readMonthFiles(db, id, month, month + 1);
  const known = row?.file?.etag ?? null;
  if (known !== null && known === object?.etag) return { ...named, outcome: "unchanged" };
  const drop = known === null ? [] : [dropMonthFile(db, id, month, known, null)];
  // An object that D1 does not know is deleted if the site keeps no month files.
  await withD1Retry(() => db.batch([...drop, noteObject(db, id, month, key)]));
  return { ...named, outcome: "to_build" };
}

function isToRead(
  listed: ListedKey,
): listed is ListedKey & { readonly day: number; readonly rebuildSite: RebuildSite } {
  return listed.rebuildSite !== null && listed.day !== null && !listed.isRegistered;
}

function about({ key, day, site }: ListedKey): Omit<RebuiltDay, "outcome" | "reason"> {
  return { key, site, day: day === null ? null : dayText(day), samples: null, points: null };
}

function unchanged(listed: ListedKey): RebuiltDay {
  return { ...about(listed), outcome: "unchanged", reason: null };
}

function notOurs(listed: ListedKey): RebuiltDay {
  const isNamed = listed.site !== null;
  const reason = isNamed ? "the SITES setting has no such site" : "the key is not that of a day file or month file";
  return { ...about(listed), outcome: isNamed ? "unknown_site" : "misnamed", reason };
}
