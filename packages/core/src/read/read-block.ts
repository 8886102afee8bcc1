import { provesFileFault } from "../r2/file-error.ts";
import { askedAt } from "../manifest/asked-hours.ts";
import type { ManifestDay } from "../manifest/manifest.ts";
import { markSuspect } from "../manifest/write-manifest.ts";
import { dropMonthFile } from "../manifest/write-month-files.ts";
import { withD1Retry } from "../d1/retry.ts";
import { dayOf } from "../domain/day.ts";
import { monthOf } from "../domain/month.ts";
import type { RangeCost } from "../r2/range-get.ts";
import type { ColdLevel } from "./cold-level.ts";
import { addWork, type FileRead, type NamedPoint, planFiles, workOf } from "./cold-plan.ts";
import { coldFits } from "./needs.ts";
import {
  type DaySeries,
  type FileOutcome,
  isWorthRepeating,
  mayBeMisplaced,
  readByFooter,
  readFiles,
  readPending,
} from "./read-files.ts";
import { readStoredDays } from "./stored.ts";

/** A day that could not be read, of which nothing is used. */
export interface UnreadableDay {
  readonly day: number;
  readonly reason: string;
  /** the etag of the manifest's row by which the file is proved not to be what was written; null: it is not proved */
  readonly provedBy: string | null;
}

/**
 * A day whose file is whole, but `block_days` is damaged: locators are not where the points are, or aggregates are illegible. Points with
 * a wrong locator were read by the file's footer.
 */
export interface MisplacedDay {
  readonly day: number;
  readonly reason: string;
  /** points whose samples are not known: the file does not have them, or their aggregates are illegible */
  readonly absent: readonly string[];
}

/** A month's file that could not be read; its days were read from their own files. */
export interface UnreadableMonth {
  readonly month: number;
  readonly reason: string;
  /** of the file, where it is proved not to be what was written; null: it is not proved */
  readonly provedBy: string | null;
}

/** What the cold level gave of some points. */
export interface ColdRead {
  /** by day */
  readonly days: ReadonlyMap<number, DaySeries>;
  /** when the sample of a time in these days was asked for, epoch ms */
  readonly askedAt: (time: number) => number;
  readonly unreadable: readonly UnreadableDay[];
  readonly misplaced: readonly MisplacedDay[];
  readonly months: readonly UnreadableMonth[];
}

/** How often files are read again that are published anew meanwhile, that R2 does not give, or that come damaged. */
const ROUNDS = 2;

/**
 * Reads files; those that are not as planned are looked up in the manifest again: it may have a new file by now, or
 * tell which content is just being put in its place. What is neither is no data of ours.
 * @param points those that the files were planned for @param begun what was read of `files` already; null: nothing
 */
export async function readBlock(
  cold: ColdLevel,
  files: readonly FileRead[],
  points: readonly NamedPoint[],
  cost: RangeCost,
  begun: readonly FileOutcome[] | null = null,
): Promise<ColdRead> {
  const days = new Map<number, DaySeries>();
  /** the manifest's rows that the days were read by */
  const rows = new Map<number, ManifestDay>();
  const unreadable: UnreadableDay[] = [];
  const misplaced: MisplacedDay[] = [];
  const months = new Map<number, UnreadableMonth>();
  let reads = files;
  for (let round = 0; reads.length > 0; round++) {
    const outcomes = (round === 0 ? begun : null) ?? (await readFiles(cold, reads, cost));
    const failed: { read: FileRead; error: unknown }[] = [];
    for (const [i, outcome] of outcomes.entries()) {
      const read = reads[i]!;
      if ("series" in outcome) {
        days.set(read.from.day, outcome.series);
        rows.set(read.from.day, read.from);
      } else failed.push({ read, error: outcome.error });
    }
    if (failed.length === 0) break;
    const now = await replan(
      cold,
      failed.map(({ read }) => read.from.day),
      points,
    );
    const again: FileRead[] = [];
    // Its days cost more requests than a month's file, which the plan allowed for.
    const daysOfMonths = failed.flatMap(({ read }) =>
      read.month === null ? [] : (now.files.get(read.from.day) ?? []),
    );
    const isAffordable = coldFits(addWork(workOf([{ points, files: daysOfMonths }]), { ...cost, rows: 0 }));
    for (const { read, error } of failed) {
      const { day } = read.from;
      const isOfMonth = read.month !== null;
      if (read.month !== null) {
        const { row, file } = read.month.read;
        const provedBy = provesFileFault(error) ? file.etag : null;
        months.set(row.month, { month: row.month, reason: reasonOf(error), provedBy });
      }
      const current = now.days.get(day);
      if (current === undefined || current.file === null || current.state === "suspect") {
        unreadable.push({ day, reason: reasonOf(error), provedBy: null });
        continue;
      }
      if (isOfMonth && !isAffordable) {
        const reason = `${reasonOf(error)}; the files of its days are too many to be read instead`;
        unreadable.push({ day, reason, provedBy: null });
        continue;
      }
      const isPublishedAnew = !isSamePublication(current, read.from);
      // A day of a month is planned again from its own file.
      if (round < ROUNDS && (isOfMonth || isPublishedAnew || isWorthRepeating(error))) {
        const planned = now.files.get(day);
        // A new file need not hold any of the points.
        if (planned === undefined) days.set(day, new Map());
        else again.push(planned);
        continue;
      }
      const pending = await readPending(
        cold.bucket,
        current,
        points.map(({ name }) => name),
        cost,
      );
      if (pending !== null && "series" in pending) {
        days.set(day, pending.series);
        rows.set(day, current);
        continue;
      }
      const planned = now.files.get(day);
      const byFooter =
        pending === null && planned !== undefined && mayBeMisplaced(error)
          ? await readByFooter(cold.bucket, planned, cost)
          : null;
      if (byFooter !== null && "series" in byFooter) {
        days.set(day, byFooter.series);
        rows.set(day, planned!.from);
        const absent = planned!.names.filter((name) => !byFooter.series.has(name));
        misplaced.push({ day, reason: reasonOf(error), absent });
        continue;
      }
      const last = pending?.error ?? byFooter?.error ?? error;
      const reason = reasonOf(last);
      const isProved = provesFileFault(last) && (pending === null || provesFileFault(error));
      unreadable.push({ day, reason, provedBy: isProved && !isPublishedAnew ? current.file.etag : null });
    }
    reads = again;
  }
  const at = (time: number) => {
    const row = rows.get(dayOf(time));
    return row === undefined ? 0 : askedAt(row, time);
  };
  // Places that are wrong in D1 are wrong of a new file too, so that it would be built for ever.
  const wrongPlaces = new Set(misplaced.map(({ day }) => monthOf(day)));
  const failedMonths = [...months.values()].map((one) =>
    wrongPlaces.has(one.month) ? { ...one, provedBy: null } : one,
  );
  return { days, askedAt: at, unreadable, misplaced, months: failedMonths };
}

/** Plans some days again from the manifest as it is now, each from its own file. */
async function replan({ db, siteId }: ColdLevel, days: readonly number[], points: readonly NamedPoint[]) {
  const wanted = points.flatMap(({ id: pointId }) => days.map((day) => ({ pointId, day })));
  const stored = await readStoredDays(db, siteId, wanted);
  return {
    days: new Map(stored.days.map((row) => [row.day, row])),
    files: new Map(planFiles(stored.days, stored.pointDays, points).map((read) => [read.from.day, read])),
  };
}

/**
 * Plans days again that were published after they were planned.
 * @param current rows of the manifest as they are now, of some days
 * @returns `files` without these days and with them as they are now, and those of them that must not be read
 */
export async function replanChanged(
  cold: ColdLevel,
  files: readonly FileRead[],
  planned: readonly ManifestDay[],
  current: readonly ManifestDay[],
  points: readonly NamedPoint[],
): Promise<{ readonly files: readonly FileRead[]; readonly unreadable: readonly UnreadableDay[] }> {
  const before = new Map(planned.map((row) => [row.day, row]));
  const changed = new Set(current.filter((row) => !isSamePublication(row, before.get(row.day))).map(({ day }) => day));
  if (changed.size === 0) return { files, unreadable: [] };
  const now = await replan(cold, [...changed], points);
  const unreadable = [...now.days.values()].flatMap(({ day, state, reason }) =>
    state === "suspect" ? [{ day, reason: reason ?? "is marked as suspect", provedBy: null }] : [],
  );
  return { files: [...files.filter(({ from }) => !changed.has(from.day)), ...now.files.values()], unreadable };
}

function isSamePublication(a: ManifestDay, b: ManifestDay | undefined): boolean {
  return b !== undefined && a.build === b.build && a.file?.etag === b.file?.etag;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Marks the days of which it is proved; they are not read again until they are built anew. @param now epoch ms */
export async function markProved({ db, siteId }: ColdLevel, days: Iterable<UnreadableDay>, now: number): Promise<void> {
  for (const { day, reason, provedBy: etag } of days) {
    if (etag !== null) await markSuspect(db, { siteId, day, etag }, reason, now);
  }
}

/** Drops the month files that are proved to be other ones. They are built anew. */
export async function dropProved({ db, siteId }: ColdLevel, months: Iterable<UnreadableMonth>): Promise<void> {
  for (const { month, reason, provedBy: etag } of months) {
    if (etag !== null) await withD1Retry(() => dropMonthFile(db, siteId, month, etag, reason).run());
  }
}
