import type { TimeRange } from "../domain/time-range.ts";
import { FALL_BITS, fallsIn, type Register } from "./register.ts";

/** The use of a register in stretches of time. Columns of equal length. */
export interface Use {
  /** NaN: not known, because an edge lies in a gap */
  readonly delta: Float64Array;
  /** bounds of what is known; NaN: no bound. Equal to `delta` where that is exact */
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly flags: readonly string[];
}

/** How edges in gaps are answered: not at all, or on the line between both readings. */
export const EDGES = ["strict", "interpolate"] as const;
export type Edges = (typeof EDGES)[number];

/** What is known of the use up to a moment. */
interface Known {
  readonly low: number;
  readonly high: number;
  readonly isExact: boolean;
  /** on the line between the readings around it; NaN: one of them is absent */
  readonly between: number;
}

export interface UseOptions {
  readonly edges: Edges;
  /** as for `registerOf`: such use has no bounds */
  readonly isNet: boolean;
  /** later readings may still arrive, epoch ms */
  readonly until: number;
}

/**
 * The use in each bucket: V(end) - V(start), where V(t) is the newest reading at or before t. So the months of a year add up
 * to the year. An edge is not known inside a gap: more than `toleranceMs` between the readings around it, in whole seconds
 * because hours keep no others, or no reading before it.
 * @param bounds of the buckets; the first and last one may reach beyond the range
 * @param range what was asked for, which cuts them
 * @param toleranceMs the longest time between two readings that is not a gap; null: any
 */
export function useOf(
  register: Register,
  bounds: Float64Array,
  range: TimeRange,
  toleranceMs: number | null,
  { edges, isNet, until }: UseOptions,
): Use {
  const count = bounds.length - 1;
  const use = { delta: new Float64Array(count), low: new Float64Array(count), high: new Float64Array(count) };
  const flags: string[] = [];
  const edge = (i: number) => Math.min(range.end, Math.max(range.start, bounds[i]!));
  let at = new Cursor(register).until(edge(0));
  let before = knownAt(register, edge(0), at, toleranceMs, until);
  for (let i = 0; i < count; i++) {
    const from = at;
    at = new Cursor(register, at).until(edge(i + 1));
    const after = knownAt(register, edge(i + 1), at, toleranceMs, until);
    let bits = 0;
    for (let step = from + 1; step <= at; step++) if (step > 0) bits |= register.falls[step]!;
    const names: string[] = fallsIn(bits);
    if (edge(i) !== bounds[i] || edge(i + 1) !== bounds[i + 1]) names.push("cut");
    const isExact = before.isExact && after.isExact;
    const between = after.between - before.between;
    if (!isExact) names.push(edges === "interpolate" && !Number.isNaN(between) ? "interpolated" : "edge_gap");
    // A netted dip makes an exact use negative.
    const exact = after.low - before.low;
    // Over a dip, the reading behind the gap may be the lower one.
    const [low, high] = sorted(Math.max(0, after.low - before.high), after.high - before.low);
    use.delta[i] = isExact ? exact : edges === "interpolate" ? between : Number.NaN;
    use.low[i] = isExact ? exact : isNet ? Number.NaN : low;
    use.high[i] = (bits & LOWER_BOUNDS) !== 0 ? Number.NaN : isExact ? exact : isNet ? Number.NaN : high;
    flags.push(names.join(" "));
    before = after;
  }
  return { ...use, flags };
}

/** After a reset or a swap, the use is at least what was counted. */
const LOWER_BOUNDS = FALL_BITS.reset | FALL_BITS.swapped;

function sorted(low: number, high: number): readonly [number, number] {
  return low > high ? [high, low] : [low, high];
}

/** Finds readings by time, each search going on from the one before. */
class Cursor {
  readonly #times: Float64Array;
  readonly #from: number;

  constructor({ times }: Register, from = -1) {
    this.#times = times;
    this.#from = from;
  }

  /** The index of the newest reading at or before a time; -1: there is none. */
  until(time: number): number {
    let at = this.#from;
    while (at + 1 < this.#times.length && this.#times[at + 1]! <= time) at++;
    return at;
  }
}

const wholeSecond = (ms: number) => Math.floor(ms / 1000) * 1000;

/** @param at of the newest reading at or before `time` */
function knownAt(
  { times, used }: Register,
  time: number,
  at: number,
  toleranceMs: number | null,
  until: number,
): Known {
  const [past, next] = [times[at], times[at + 1]];
  if (past === time) return { low: used[at]!, high: used[at]!, isExact: true, between: used[at]! };
  const between =
    past === undefined || next === undefined
      ? Number.NaN
      : used[at]! + ((used[at + 1]! - used[at]!) * (time - past)) / (next - past);
  const low = past === undefined ? Number.NaN : used[at]!;
  const gapMs = past === undefined ? Infinity : wholeSecond(next ?? time) - wholeSecond(past);
  const isComplete = time <= until || next !== undefined;
  const isExact = isComplete && past !== undefined && (toleranceMs === null || gapMs <= toleranceMs);
  if (isExact) return { low, high: low, isExact, between: low };
  return { low, high: next === undefined ? Number.NaN : used[at + 1]!, isExact, between };
}
