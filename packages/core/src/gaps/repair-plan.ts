import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import { type Gap, WHOLE_SITE } from "./gap.ts";

/** What is asked of the upstream at once: at most an hour of a site, some pages. */
export interface RepairWindow extends TimeRange {
  /** those that it is asked for, or a part of them */
  readonly gaps: readonly Gap[];
}

/**
 * What of a gap is asked for: what is not proved to be empty yet, or of one that samples are coming for, what was not asked
 * for since. Of one that goes on its first hour, for the sync asks for what is new, and a gateway that delivers late begins at
 * the beginning; once something came, its first day, and never nothing of what is still to be asked for.
 * @param until nothing is asked beyond it, epoch ms
 */
export function askedFor(gap: Gap, until: number): TimeRange {
  const { filledTo, provedTo, recovered } = gap;
  const start = filledTo ?? provedTo ?? gap.start;
  const first = gap.start + (recovered > 0 || filledTo !== null ? DAY_MS : HOUR_MS);
  const end = Number.isFinite(gap.end) ? gap.end : Math.max(first, start + HOUR_MS);
  return { start, end: Math.min(end, until) };
}

/**
 * The windows for gaps that are due, in the order in which they are worth asking: first what was begun, then gaps of the whole
 * site, then those that were asked for least, and of these the newest. A window serves all gaps that it touches.
 * @param until nothing is asked beyond it, epoch ms
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

/** What came of the windows of a gap. */
export interface Answers {
  /** starts of the hours whose window the upstream proved to have ended */
  readonly ended: ReadonlySet<number>;
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
 * @param asked what of it was to be asked for: {@link askedFor}
 * @param confirmMs how long after a gap's end the last proof begins
 * @param now epoch ms: when the asking began
 * @returns null: what was asked for says nothing of it, and it is due still
 */
export function afterAsking(gap: Gap, asked: TimeRange, answers: Answers, confirmMs: number, now: number): Gap | null {
  let askedTo = asked.start;
  while (askedTo < asked.end && answers.ended.has(hourOf(askedTo))) askedTo = hourOf(askedTo) + HOUR_MS;
  askedTo = Math.min(askedTo, asked.end);
  const isWhole = askedTo === asked.end;
  // The run's requests were spent before windows of the gap itself were asked for, but for what is another's too.
  if (!isWhole && askedTo === asked.start && answers.error === null && !answers.isServed) return null;
  const wait = Math.min(DAY_MS - HOUR_MS / 2, FIRST_WAIT_MS * 2 ** Math.min(gap.attempts, 10));
  // What was only begun goes on in the next run, unless the upstream fails.
  const nextAttemptAt = isWhole || answers.error !== null ? now + wait : now;
  const noted = { ...gap, attempts: gap.attempts + 1, nextAttemptAt, lastError: answers.error, filledTo: null };
  const isFilling = answers.isServed || gap.filledTo !== null;
  // Samples of the few points that are never silent prove nothing against a gap of the site: had there been others, the
  // detection changes it, and asks anew.
  const isProof = gap.pointId === WHOLE_SITE ? gap.filledTo === null : !isFilling;
  if (isFilling && !(isWhole && isProof)) {
    const filling = { ...noted, proofBeganAt: null, provedTo: null };
    // What an earlier run proved to be empty was asked for before anything came: it may have come since.
    if (gap.filledTo === null && gap.provedTo !== null) {
      return { ...filling, filledTo: gap.start, nextAttemptAt: answers.error === null ? now : nextAttemptAt };
    }
    return { ...filling, filledTo: isWhole ? null : askedTo };
  }
  // Of what goes on no proof is kept that could go on in the next run.
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
