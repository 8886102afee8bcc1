import { type ManifestDay, manifestStatement, parseManifestDays } from "../manifest/manifest.ts";
import type { RangeCost } from "../r2/range-get.ts";
import { dayOf } from "../domain/day.ts";
import { hourOf } from "../domain/hour.ts";
import type { MergedSeries } from "../domain/merge-series.ts";
import { EMPTY_SERIES, type Series } from "../domain/samples.ts";
import { cut, type TimeRange } from "../domain/time-range.ts";
import type { DamagedSegment } from "../store/damaged-segments.ts";
import { type ReadCost, readSeriesBeside } from "../store/read-segments.ts";
import { mergeStored, NO_STORED_SERIES } from "../store/stored-series.ts";
import type { ColdLevel } from "./cold-level.ts";
import type { ColdBlock, NamedPoint } from "./cold-plan.ts";
import { joinDays } from "./join-days.ts";
import { type MisplacedDay, readBlock, replanChanged, type UnreadableDay, type UnreadableMonth } from "./read-block.ts";
import { readFiles } from "./read-files.ts";
import type { Stored, HotSamples } from "./stored.ts";

/** Cost of an answer's reads, and the parts that could not be read. */
export interface ReadTally {
  readonly hot: ReadCost;
  readonly cold: RangeCost;
  /** days whose files were read */
  readonly files: Set<number>;
  /** by day: unreadable now */
  readonly unreadable: Map<number, UnreadableDay>;
  /** by day: damaged rows of `block_days` */
  readonly misplaced: Map<number, MisplacedDay>;
  /** by month: unreadable file; its days were read instead */
  readonly months: Map<number, UnreadableMonth>;
  /** by key: skipped segments */
  readonly damaged: Map<number, DamagedSegment>;
  /** ranges without samples, because their segment or file is unreadable or suspect */
  readonly lost: TimeRange[];
}

/** @param hot read with the plan; null: none */
export function newTally(hot: Stored["hotSamples"] = null): ReadTally {
  return {
    hot: { ...(hot?.cost ?? { statements: 0, rowsRead: 0 }) },
    cold: { requests: 0, bytes: 0 },
    files: new Set(),
    unreadable: new Map(),
    misplaced: new Map(),
    months: new Map(),
    damaged: new Map(),
    lost: [],
  };
}

/** Days whose files lack samples that the manifest places in them. */
export function lostDays({ unreadable, misplaced }: Pick<ReadTally, "unreadable" | "misplaced">): Set<number> {
  const incomplete = [...misplaced.values()].filter(({ absent }) => absent.length > 0);
  return new Set([...unreadable.keys(), ...incomplete.map(({ day }) => day)]);
}

/** Samples to read of points that are read together. */
export interface SamplesWanted {
  readonly range: TimeRange;
  /** starts of the hours to read in the hot level, ascending, epoch ms */
  readonly hours: readonly number[];
  /** the only wanted hours, a superset of `hours`; null: all of the range */
  readonly only: ReadonlySet<number> | null;
  /** the manifest rows of the plan */
  readonly days: Stored["days"];
  /** samples of `hours` in segments, from the same snapshot as `days`; null: not read yet */
  readonly hotSamples: Stored["hotSamples"];
}

/**
 * Reads and merges both levels. Of two samples at one time, the one fetched later wins. @returns samples by point id,
 * empty ones included
 */
export async function readSamples(
  cold: ColdLevel,
  wanted: SamplesWanted,
  { points, files }: ColdBlock<NamedPoint>,
  tally: ReadTally,
): Promise<Map<number, MergedSeries>> {
  const ids = points.map(({ id }) => id);
  const { range, only, hotSamples } = wanted;
  // Reads files and the hot level concurrently. Files that are published meanwhile are read again.
  const begun = readFiles(cold, files, tally.cold);
  const hotBegun = hotSamples === null ? readHot(cold, ids, wanted, tally.hot) : { ...hotSamples, manifest: null };
  const [hotRead, filesRead] = await Promise.allSettled([hotBegun, begun]);
  if (hotRead.status === "rejected") throw hotRead.reason;
  if (filesRead.status === "rejected") throw filesRead.reason;
  const [hot, outcomes] = [hotRead.value, filesRead.value];
  for (const row of hot.damaged) {
    if (!tally.damaged.has(row.key)) tally.lost.push(cut(row.range, range));
    tally.damaged.set(row.key, row);
  }
  const current =
    hot.manifest === null
      ? { files, unreadable: [] }
      : await currentFiles(cold, hot.manifest, wanted, { points, files });
  const read = await readBlock(cold, current.files, points, tally.cold, current.files === files ? outcomes : null);
  const days = [...read.days].sort(([a], [b]) => a - b);
  for (const [day] of days) tally.files.add(day);
  for (const file of [...current.unreadable, ...read.unreadable]) tally.unreadable.set(file.day, file);
  for (const month of read.months) tally.months.set(month.month, month);
  for (const misplaced of read.misplaced) {
    const absent = [...(tally.misplaced.get(misplaced.day)?.absent ?? []), ...misplaced.absent];
    tally.misplaced.set(misplaced.day, { ...misplaced, absent });
  }
  return new Map(
    points.map(({ id, name }) => {
      const joined = joinDays(
        days.map(([, ofDay]) => ofDay.get(name) ?? EMPTY_SERIES),
        range,
      );
      const settled = only === null ? joined : ofHours(joined, only);
      return [id, mergeStored(settled, hot.series.get(id) ?? NO_STORED_SERIES, read.askedAt)];
    }),
  );
}

interface HotRead extends Pick<HotSamples, "series" | "damaged"> {
  /** null: no hour was wanted */
  readonly manifest: ManifestDay[] | null;
}

/** The samples of the hot level, and the manifest of the same transaction. */
async function readHot(
  { db, siteId }: ColdLevel,
  ids: readonly number[],
  { hours, range }: SamplesWanted,
  cost: ReadCost,
): Promise<HotRead> {
  const [first, last] = [hours[0], hours.at(-1)];
  if (first === undefined || last === undefined) return { series: new Map(), damaged: [], manifest: null };
  const manifest = manifestStatement(db, siteId, dayOf(first), dayOf(last) + 1);
  const wanted = { siteId, hours: new Map(ids.map((id) => [id, hours])), range };
  const { series, beside, damaged } = await readSeriesBeside(db, wanted, () => [manifest], cost);
  return { series, damaged, manifest: parseManifestDays(beside[0]?.results) };
}

/**
 * A block's files as of the read of its hot rows. A day may have been settled after the plan and its hot rows deleted.
 * Its samples are then in the file that was published before.
 */
async function currentFiles(
  cold: ColdLevel,
  current: readonly ManifestDay[],
  { only, days }: SamplesWanted,
  { points, files }: ColdBlock<NamedPoint>,
) {
  const wantedDays = only === null ? null : new Set([...only].map(dayOf));
  const read = wantedDays === null ? current : current.filter(({ day }) => wantedDays.has(day));
  return replanChanged(cold, files, days, read, points);
}

function ofHours({ times, values }: Series, hours: ReadonlySet<number>): Series {
  const kept = new Float64Array(times.length);
  const keptValues = new Float64Array(times.length);
  let n = 0;
  for (let i = 0; i < times.length; i++) {
    if (!hours.has(hourOf(times[i]!))) continue;
    kept[n] = times[i]!;
    keptValues[n++] = values[i]!;
  }
  return { times: kept.subarray(0, n), values: keptValues.subarray(0, n) };
}
