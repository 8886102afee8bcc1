import type { TimeRange } from "../domain/time-range.ts";
import type { Gap, GapCause } from "./gap.ts";
import { askedFor } from "./repair-plan.ts";
import { intersectRanges, subtractRanges, unionRanges } from "./range-set.ts";

/** Result of scanning a point, or the site. */
export interface Findings {
  readonly siteId: number;
  readonly pointId: number;
  /** ends at Infinity if the scan reached the end of the known time */
  readonly scannedRange: TimeRange;
  /** ascending and disjoint, within `scannedRange` */
  readonly silences: readonly TimeRange[];
  /** Remainders of a known gap outside `scannedRange` that are at most this long are dropped. */
  readonly toleranceMs: number;
  /** counts samples in ranges */
  readonly countSamples: (ranges: readonly TimeRange[]) => number;
  readonly cause: (range: TimeRange) => GapCause;
}

/** Changes to the stored gaps of one point, or of the site. */
export interface Changes {
  /** rows to delete */
  readonly removed: readonly Gap[];
  /** new or changed rows */
  readonly written: readonly Gap[];
}

/** A fresh inquiry state: earlier proofs may not hold after a change. */
function askedAnew(now: number) {
  return { nextAttemptAt: now, lastError: null, proofs: 0, proofBeganAt: null, provedTo: null };
}

/**
 * Merges known gaps with the result of a scan.
 * - Where samples arrived, gaps shrink, split or are repaired.
 * - Where samples are missing, gaps grow and join.
 * - A repeated scan of unchanged samples changes nothing.
 * @param known open and confirmed-empty gaps that touch `scannedRange`
 * @param until end of the known time, epoch ms: the end of an ongoing gap that is now over
 */
export function reconcile(known: readonly Gap[], found: Findings, until: number, now: number): Changes {
  const { siteId, pointId, scannedRange, silences, toleranceMs } = found;
  const rows = new Map<number, Gap>();
  const put = (gap: Gap) => rows.set(gap.start, gap);
  const open: { readonly gap: Gap; readonly pieces: readonly TimeRange[]; readonly recovered: number }[] = [];
  for (const gap of known) {
    const outside = subtractRanges([gap], [scannedRange]).filter(
      (piece) => piece.end - piece.start > toleranceMs || touchesAny(piece, silences),
    );
    const pieces = unionRanges(outside, intersectRanges([gap], silences), unasked(gap, until));
    const was = { start: gap.start, end: Number.isFinite(gap.end) ? gap.end : (pieces.at(-1)?.end ?? gap.end) };
    const gone = intersectRanges(subtractRanges([was], pieces), [scannedRange]);
    const recovered = gap.recovered + (gone.length === 0 ? 0 : found.countSamples(gone));
    if (pieces.length === 0) {
      // Without new samples it was a gap only by an earlier cadence: drop its row.
      const end = Math.min(gap.end, Math.max(until, gap.start + 1));
      if (recovered > 0) put({ ...gap, end, state: "repaired", resolvedAt: now, lastError: null, recovered });
    } else if (gap.state === "open") open.push({ gap, pieces, recovered });
    else if (isSame(pieces, gap)) put(gap);
    else pieces.forEach((piece, i) => put({ ...gap, ...piece, recovered: i === 0 ? recovered : 0 }));
  }
  const fresh = subtractRanges(silences, unionRanges(known));
  for (const range of unionRanges(...open.map(({ pieces }) => pieces), fresh)) {
    const parts = open.filter(({ pieces }) => pieces.some((piece) => isWithin(piece, range)));
    const [first] = parts;
    if (first === undefined) {
      const about = { siteId, pointId, state: "open", cause: found.cause(range) } as const;
      const inquiry = { attempts: 0, filledTo: null, ...askedAnew(now) };
      put({ ...about, ...range, detectedAt: now, resolvedAt: null, recovered: 0, ...inquiry });
    } else if (isSame([range], first.gap)) put(first.gap);
    else {
      // The first piece of a split gap carries its count of recovered samples.
      const begun = parts.filter(({ pieces }) => isWithin(pieces[0]!, range));
      const recovered = begun.reduce((sum, part) => sum + part.recovered, 0);
      const filledTo = parts.flatMap(({ gap }) => unasked(gap, until).map(({ start }) => start));
      const isFilling = filledTo.filter((time) => time >= range.start && time < range.end);
      put({
        ...first.gap,
        ...range,
        ...askedAnew(now),
        filledTo: isFilling.length === 0 ? null : Math.min(...isFilling),
        recovered,
      });
    }
  }
  return {
    removed: known.filter(({ start }) => !rows.has(start)),
    written: [...rows.values()].filter((gap) => !known.includes(gap)),
  };
}

/** The rest of a partly filled gap that the upstream was not asked for yet. */
function unasked(gap: Gap, until: number): TimeRange[] {
  const rest = askedFor(gap, until);
  return gap.filledTo === null || rest.start >= rest.end ? [] : [rest];
}

function isSame([piece, ...others]: readonly TimeRange[], { start, end }: TimeRange): boolean {
  return others.length === 0 && piece?.start === start && piece.end === end;
}

function isWithin(range: TimeRange, other: TimeRange): boolean {
  return range.start >= other.start && range.end <= other.end;
}

function touchesAny(range: TimeRange, others: readonly TimeRange[]): boolean {
  return others.some(({ start, end }) => start <= range.end && range.start <= end);
}
