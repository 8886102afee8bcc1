import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import { type Gap, WHOLE_SITE } from "./gap.ts";

/** One request to the upstream: at most an hour of a site, in several pages. */
export interface RepairWindow extends TimeRange {
  /** gaps that overlap the window */
  readonly gaps: readonly Gap[];
}

/**
 * The part of a gap to ask for next.
 * - Begins where the last proof or filling stopped.
 * - A gap that has ended: up to its end.
 * - An ongoing gap: its first hour, because the sync asks for new data and late gateways deliver oldest data first.
 * After samples arrived: its first day, and at least an hour.
 * @param until upper bound, epoch ms
 */
export function askedFor(gap: Gap, until: number): TimeRange {
  const { filledTo, provedTo, recovered } = gap;
  const start = filledTo ?? provedTo ?? gap.start;
  const first = gap.start + (recovered > 0 || filledTo !== null ? DAY_MS : HOUR_MS);
  const end = Number.isFinite(gap.end) ? gap.end : Math.max(first, start + HOUR_MS);
  return { start, end: Math.min(end, until) };
}

/**
 * Plans the windows for due gaps. A window serves all gaps that it overlaps.
 * Order: partly filled gaps, gaps of the whole site, fewest attempts, newest start.
 * @param until upper bound, epoch ms
 */
export function planRepair(due: readonly Gap[], until: number): RepairWindow[] {
  const inOrder = due.toSorted(
    (a, b) =>
      Number(a.filledTo === null) - Number(b.filledTo === null) ||
      Number(a.pointId !== WHOLE_SITE) - Number(b.pointId !== WHOLE_SITE) ||
      a.attempts - b.attempts ||
      b.start - a.start,
  );
  const windows = new Map<number, { start: number; end: number; gaps: Gap[] }>();
  for (const gap of inOrder) {
    const asked = askedFor(gap, until);
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
  return [...windows.values()];
}

/** Result of a gap's windows. */
export interface Answers {
  /** starts of hours whose window was read to its proven end */
  readonly ended: ReadonlySet<number>;
  /** whether samples of the gap arrived */
  readonly isServed: boolean;
  /** why a window did not end; null: all ended */
  readonly error: string | null;
}

/** Wait after the first attempt: the next hourly run. It doubles per attempt, up to a day. */
const FIRST_WAIT_MS = 50 * 60_000;

/** Proofs before a gap is confirmed empty. */
const PROOFS = 2;

/**
 * The gap's state after asking for it.
 * A gap is confirmed empty after two proofs that cover it. The last proof begins at least `confirmMs` after the gap's
 * end, because data arrives late.
 * @param asked the range to ask for: {@link askedFor}
 * @param now start of the run, epoch ms
 * @returns null: nothing was learned about the gap, so it stays due
 */
export function afterAsking(gap: Gap, asked: TimeRange, answers: Answers, confirmMs: number, now: number): Gap | null {
  let askedTo = asked.start;
  while (askedTo < asked.end && answers.ended.has(hourOf(askedTo))) askedTo = hourOf(askedTo) + HOUR_MS;
  askedTo = Math.min(askedTo, asked.end);
  const isWhole = askedTo === asked.end;
  // The run ended before the gap's first window.
  if (!isWhole && askedTo === asked.start && answers.error === null && !answers.isServed) return null;
  const wait = Math.min(DAY_MS - HOUR_MS / 2, FIRST_WAIT_MS * 2 ** Math.min(gap.attempts, 10));
  // A partly asked gap continues in the next run, unless the upstream fails.
  const nextAttemptAt = isWhole || answers.error !== null ? now + wait : now;
  const noted = { ...gap, attempts: gap.attempts + 1, nextAttemptAt, lastError: answers.error, filledTo: null };
  const isFilling = answers.isServed || gap.filledTo !== null;
  // A few points may never be silent, so their samples do not disprove a gap of the site. If other points sent samples,
  // the next detection changes the gap and resets its inquiry.
  const isProof = gap.pointId === WHOLE_SITE ? gap.filledTo === null : !isFilling;
  if (isFilling && !(isWhole && isProof)) {
    const filling = { ...noted, proofBeganAt: null, provedTo: null };
    // The part that an earlier run proved empty may have got samples since: ask for all of it again.
    if (gap.filledTo === null && gap.provedTo !== null) {
      return { ...filling, filledTo: gap.start, nextAttemptAt: answers.error === null ? now : nextAttemptAt };
    }
    return { ...filling, filledTo: isWhole ? null : askedTo };
  }
  // A proof of an ongoing gap cannot continue in the next run, so it is not kept.
  if (!Number.isFinite(gap.end)) return { ...noted, nextAttemptAt: now + wait };
  const began = gap.proofBeganAt ?? now;
  if (askedTo < gap.end) {
    const hasBegun = askedTo > gap.start;
    return { ...noted, proofBeganAt: hasBegun ? began : null, provedTo: hasBegun ? askedTo : null };
  }
  const proofs = gap.proofs + 1;
  const cause = answers.isServed ? gap.cause : "upstream_empty";
  const proved = { ...noted, cause, proofs, proofBeganAt: null, provedTo: null } as const;
  const isFinal = proofs >= PROOFS && began >= gap.end + confirmMs;
  return isFinal ? { ...proved, state: "confirmed-empty", resolvedAt: now } : proved;
}
