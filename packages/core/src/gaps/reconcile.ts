import type { TimeRange } from "../domain/time-range.ts";
import type { Gap, GapCause } from "./gap.ts";
import { askedFor } from "./repair-plan.ts";
import { intersectRanges, subtractRanges, unionRanges } from "./range-set.ts";

/** What was found when a point, or the site, was looked at. */
export interface Findings {
  readonly siteId: number;
  readonly pointId: number;
  /** what of its time was looked at; up to Infinity where that is all that is known */
  readonly scannedRange: TimeRange;
  /** ascending and disjoint, within `scannedRange` */
  readonly silences: readonly TimeRange[];
  /** what is left of a known gap beside `scannedRange`, and is no longer than this, is none */
  readonly toleranceMs: number;
  /** samples that there are in some ranges */
  readonly samplesIn: (ranges: readonly TimeRange[]) => number;
  readonly cause: (range: TimeRange) => GapCause;
}

/** What to change of a point's gaps. */
export interface Changes {
  /** rows that are there no more */
  readonly removed: readonly Gap[];
  /** rows that are new, or other than before */
  readonly written: readonly Gap[];
}

/** A new inquiry: something has changed, so what was proved before may not hold. */
function askedAnew(now: number) {
  return { nextAttemptAt: now, lastError: null, proofs: 0, proofBeganAt: null, provedTo: null };
}

/**
 * Brings a point's known gaps together with what was found: they shrink, fall apart and are repaired where samples came,
 * grow and join where there are none, and stay as they are where nothing changed, so that looking again writes nothing.
 * @param known those that are open or confirmed to be empty, and touch `scannedRange`
 * @param until where what is known ends, epoch ms: the end of a gap that went on, when it is over
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
    const recovered = gap.recovered + (gone.length === 0 ? 0 : found.samplesIn(gone));
    if (pieces.length === 0) {
      // Without a sample it was a gap by another cadence than the point has now, and its row goes.
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
      // of a gap that fell apart the first piece says what came into it
      const own = parts.filter(({ pieces }) => isWithin(pieces[0]!, range));
      const recovered = own.reduce((sum, part) => sum + part.recovered, 0);
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

/** What of a gap that samples are coming for was not asked for yet. */
function unasked(gap: Gap, until: number): TimeRange[] {
  const rest = askedFor(gap, until);
  return gap.filledTo === null || rest.start >= rest.end ? [] : [rest];
}

function isSame([piece, ...more]: readonly TimeRange[], { start, end }: TimeRange): boolean {
  return more.length === 0 && piece?.start === start && piece.end === end;
}

function isWithin(range: TimeRange, other: TimeRange): boolean {
  return range.start >= other.start && range.end <= other.end;
}

function touchesAny(range: TimeRange, others: readonly TimeRange[]): boolean {
  return others.some(({ start, end }) => start <= range.end && range.start <= end);
}
