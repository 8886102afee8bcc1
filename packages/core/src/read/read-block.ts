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

/** A day that could not be read. None of it is used. */
export interface UnreadableDay {
  readonly day: number;
  readonly reason: string;
  /** the etag of the manifest's row whose file is proved corrupt; null: not proved */
  readonly provedBy: string | null;
}

/**
 * A day with an intact file and damaged `block_days` rows: wrong locators, or unreadable aggregates. Points with a
 * wrong locator were read by the file's footer.
 */
export interface MisplacedDay {
  readonly day: number;
  readonly reason: string;
  /** points with unknown samples: not in the file, or with unreadable aggregates */
  readonly absent: readonly string[];
}

/** A month file that could not be read. Its days were read from their own files. */
export interface UnreadableMonth {
  readonly month: number;
  readonly reason: string;
  /** of the file if it is proved corrupt; null: not proved */
  readonly provedBy: string | null;
}

/** Samples of some points in the cold level. */
export interface ColdRead {
  /** by day */
  readonly days: ReadonlyMap<number, DaySeries>;
  /** when a sample of a time in these days was fetched from the API, epoch ms */
  readonly askedAt: (time: number) => number;
  readonly unreadable: readonly UnreadableDay[];
  readonly misplaced: readonly MisplacedDay[];
  readonly months: readonly UnreadableMonth[];
}

/** Attempts to read files that were replaced meanwhile, that R2 does not return, or that arrive damaged. */
const ROUNDS = 2;

/**
 * Reads files. Looks up files that differ from the plan in the manifest again: it may have a new file, or name the
 * object that is about to be published. Other objects are ignored.
 * @param points of the plan @param begun outcomes of `files` that were read already; null: none
 */
export async function readBlock(
  cold: ColdLevel,
  files: readonly FileRead[],
  points: readonly NamedPoint[],
  cost: RangeCost,
  begun: readonly FileOutcome[] | null = null,
): Promise<ColdRead> {
  const days = new Map<number, DaySeries>();
  /** the manifest's rows of the days that were read */
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
    // Its days cost more requests than a month file, which the plan allowed for.
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
        const reason = `${reasonOf(error)}; its days need too many requests to be read from their own files`;
        unreadable.push({ day, reason, provedBy: null });
        continue;
      }
      const isPublishedAnew = !isSamePublication(current, read.from);
      // A day of a month is planned again from its own file.
      if (round < ROUNDS && (isOfMonth || isPublishedAnew || isWorthRepeating(error))) {
        const planned = now.files.get(day);
        // A new file may lack some of the points.
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
  // A new file would get the same wrong places from D1, so the day would be rebuilt forever.
  const wrongPlaces = new Set(misplaced.map(({ day }) => monthOf(day)));
  const failedMonths = [...months.values()].map((failed) =>
    wrongPlaces.has(failed.month) ? { ...failed, provedBy: null } : failed,
  );
  return { days, askedAt: at, unreadable, misplaced, months: failedMonths };
}

/** Plans some days again from the current manifest, each from its own file. */
async function replan({ db, siteId }: ColdLevel, days: readonly number[], points: readonly NamedPoint[]) {
  const wanted = points.flatMap(({ id: pointId }) => days.map((day) => ({ pointId, day })));
  const stored = await readStoredDays(db, siteId, wanted);
  return {
    days: new Map(stored.days.map((row) => [row.day, row])),
    files: new Map(planFiles(stored.days, stored.pointDays, points).map((read) => [read.from.day, read])),
  };
}

/**
 * Plans days again that were published after the plan.
 * @param current rows of the current manifest, of some days
 * @returns `files` with these days replaced, and those of them that must not be read
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

/** Marks days with a proved fault as suspect. They are not read again until a new build. @param now epoch ms */
export async function markProved({ db, siteId }: ColdLevel, days: Iterable<UnreadableDay>, now: number): Promise<void> {
  for (const { day, reason, provedBy: etag } of days) {
    if (etag !== null) await markSuspect(db, { siteId, day, etag }, reason, now);
  }
}

/** Drops month files that are proved corrupt. They are built again. */
export async function dropProved({ db, siteId }: ColdLevel, months: Iterable<UnreadableMonth>): Promise<void> {
  for (const { month, reason, provedBy: etag } of months) {
    if (etag !== null) await withD1Retry(() => dropMonthFile(db, siteId, month, etag, reason).run());
  }
}
