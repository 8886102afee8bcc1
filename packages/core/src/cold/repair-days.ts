import { dayText } from "../domain/day.ts";
import { type ListedKey, listDayFiles, type RepairRange } from "./list-day-files.ts";
import { type RepairContext, repairDay, type RepairedDay, type RepairSite } from "./repair-day.ts";

/** A day of 6.6 M samples takes some seconds to read, 20 statements and 40 requests to R2. */
const READS_A_RUN = 10;
/** No file is begun after this. */
const RUN_BUDGET_MS = 15_000;
/** Days that one run answers for: marking a missing one takes three statements. */
const KEYS_A_RUN = 100;

/** What one run of the repair did: the answer of `POST /repair`. */
export interface RepairResult {
  readonly dry_run: boolean;
  /** ascending by day, then site */
  readonly days: readonly RepairedDay[];
  /** where to go on; null: that was all */
  readonly next_cursor: string | null;
}

/**
 * Compares what D1 knows of day files with R2, and rebuilds it from the files where it differs; a bounded number of days
 * a run. Nothing in R2 is changed.
 * @param sites those of the SITES setting that are meant
 * @param options.isEverySite whether those are all: then objects of no site are told of too
 * @throws the errors of D1 and R2, where the days could not even be listed
 */
export async function repairDays(
  context: RepairContext,
  sites: readonly RepairSite[],
  options: { readonly range: RepairRange; readonly cursor: string | null; readonly isEverySite: boolean },
): Promise<RepairResult> {
  const started = context.now();
  const { keys, hasMore } = await listDayFiles(context, sites, options.range, options.cursor);
  const days: RepairedDay[] = [];
  let [handled, reads] = [0, 0];
  for (const listed of keys) {
    const isSpent = reads >= READS_A_RUN || (reads > 0 && context.now() - started >= RUN_BUDGET_MS);
    if (handled >= KEYS_A_RUN || (isSpent && isToRead(listed))) break;
    handled++;
    if (listed.isMonthFile) continue;
    if (listed.of === null) {
      if (options.isEverySite) days.push(notOurs(listed));
    } else if (isToRead(listed)) {
      reads++;
      days.push(await repairDay(context, listed.of, listed.day));
    } else {
      days.push(unchanged(listed));
    }
  }
  const isEnd = handled === keys.length && !hasMore;
  const last = keys[handled - 1]?.key ?? options.cursor;
  return { dry_run: context.dryRun, days, next_cursor: isEnd ? null : last };
}

function isToRead(listed: ListedKey): listed is ListedKey & { readonly day: number; readonly of: RepairSite } {
  return listed.of !== null && listed.day !== null && !listed.isRegistered;
}

function about({ key, day, site }: ListedKey): Omit<RepairedDay, "outcome" | "reason"> {
  return { key, site, day: day === null ? null : dayText(day), samples: null, points: null };
}

function unchanged(listed: ListedKey): RepairedDay {
  return { ...about(listed), outcome: "unchanged", reason: null };
}

function notOurs(listed: ListedKey): RepairedDay {
  const isDayFile = listed.site !== null;
  const reason = isDayFile ? "the SITES setting has no such site" : "it is not named as day files are";
  return { ...about(listed), outcome: isDayFile ? "unknown_site" : "misnamed", reason };
}
