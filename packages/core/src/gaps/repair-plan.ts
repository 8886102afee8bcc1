import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { firstPiece, hoursOf, type TimeRange } from "../domain/time-range.ts";
import { type Gap, WHOLE_SITE } from "./gap.ts";

/** What is asked of the upstream at once: at most an hour of a site, some pages. */
export interface RepairWindow extends TimeRange {
  /** those that it is asked for, or a part of them */
  readonly gaps: readonly Gap[];
}

/**
 * What of a gap is asked for: what is not proved to be empty yet. Of one that goes on its first hour, for the sync asks for
 * what is new, and a gateway that delivers late begins at the beginning; once something came, its first day.
 */
export function askedFor(gap: Gap): TimeRange {
  if (!Number.isFinite(gap.end)) return firstPiece(gap, gap.recovered > 0 ? DAY_MS : HOUR_MS);
  return { start: gap.provedTo ?? gap.start, end: gap.end };
}

/**
 * The windows for gaps that are due, in the order in which they are worth asking: those of the whole site first, then
 * those that were asked for least, and of these the newest. A window serves all gaps that it touches.
 * @param until nothing is asked beyond it, epoch ms
 */
export function planRepair(due: readonly Gap[], until: number): RepairWindow[] {
  const inOrder = due.toSorted(
    (a, b) =>
      Number(a.pointId !== WHOLE_SITE) - Number(b.pointId !== WHOLE_SITE) ||
      a.attempts - b.attempts ||
      b.start - a.start,
  );
  const windows = new Map<number, { start: number; end: number; gaps: Gap[] }>();
  for (const gap of inOrder) {
    const { start, end } = askedFor(gap);
    const asked = { start, end: Math.min(end, until) };
    for (const hour of asked.start < asked.end ? hoursOf(asked) : []) {
      const piece = { start: Math.max(hour, asked.start), end: Math.min(hour + HOUR_MS, asked.end) };
      const window = windows.get(hour);
      if (window === undefined) windows.set(hour, { ...piece, gaps: [gap] });
      else {
        window.start = Math.min(window.start, piece.start);
        window.end = Math.max(window.end, piece.end);
        window.gaps.push(gap);
      }
    }
  }
  return inRuns([...windows.values()]);
}

/**
 * The same windows, so that those that share gaps follow one another, the earliest first: what is left of a gap is then its
 * end, which the next run sees, and no stretch between two answers that is too short to be seen.
 */
function inRuns(windows: readonly RepairWindow[]): RepairWindow[] {
  const ofGap = new Map<Gap, RepairWindow[]>();
  for (const window of windows) {
    for (const gap of window.gaps) {
      const own = ofGap.get(gap);
      if (own === undefined) ofGap.set(gap, [window]);
      else own.push(window);
    }
  }
  const placed = new Set<RepairWindow>();
  for (const first of windows) {
    if (placed.has(first)) continue;
    const run = new Set([first]);
    for (const { gaps } of run) {
      for (const gap of gaps) {
        for (const window of ofGap.get(gap) ?? []) run.add(window);
        ofGap.delete(gap);
      }
    }
    for (const window of [...run].sort((a, b) => a.start - b.start)) placed.add(window);
  }
  return [...placed];
}

/** What came of the windows of a gap. */
export interface Answers {
  /** starts of the hours whose window the upstream proved to have ended without a sample for the gap */
  readonly empty: ReadonlySet<number>;
  /** whether samples came */
  readonly isServed: boolean;
  /** why a window did not end; null: all that were asked did */
  readonly error: string | null;
}

/** The first wait after an attempt: the next hourly run. It doubles, up to a day. */
const FIRST_WAIT_MS = 50 * 60_000;

/** Proofs that a gap needs. */
const PROOFS = 2;

/**
 * What is known of a gap after it was asked for. It is confirmed to be empty when the upstream proved twice to have nothing
 * for all of it, the last time long enough after its end, for data comes late.
 * @param confirmMs how long after a gap's end the last proof begins
 * @param now epoch ms: when the asking began
 * @returns null: what was asked for says nothing of it, and it is due still
 */
export function afterAsking(gap: Gap, answers: Answers, confirmMs: number, now: number): Gap | null {
  const wait = Math.min(DAY_MS - HOUR_MS / 2, FIRST_WAIT_MS * 2 ** Math.min(gap.attempts, 10));
  const asked = { ...gap, attempts: gap.attempts + 1, nextAttemptAt: now + wait, lastError: answers.error };
  // What came is looked at by the detection, which asks anew for what is left.
  if (answers.isServed) return { ...asked, proofBeganAt: null, provedTo: null };
  if (!Number.isFinite(gap.end)) return asked;
  const began = gap.proofBeganAt ?? now;
  let provedTo = gap.provedTo ?? gap.start;
  while (provedTo < gap.end && answers.empty.has(hourOf(provedTo))) provedTo = hourOf(provedTo) + HOUR_MS;
  if (provedTo < gap.end) {
    const hasBegun = provedTo > gap.start;
    if (answers.error === null) {
      // The run's requests were spent: a proof that has come further goes on in the next run, and one that has not, for
      // windows of the gap were asked for as another's only, was not asked for.
      if (provedTo <= (gap.provedTo ?? gap.start)) return null;
      asked.nextAttemptAt = now;
    }
    return { ...asked, proofBeganAt: hasBegun ? began : null, provedTo: hasBegun ? provedTo : null };
  }
  const proofs = gap.proofs + 1;
  const proved = { ...asked, cause: "upstream_empty", proofs, proofBeganAt: null, provedTo: null } as const;
  const isFinal = proofs >= PROOFS && began >= gap.end + confirmMs;
  return isFinal ? { ...proved, state: "confirmed-empty", resolvedAt: now } : proved;
}
