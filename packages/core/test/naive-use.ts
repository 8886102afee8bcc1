import fc from "fast-check";

export const HISTORY_START = Date.UTC(2025, 10, 1);
export const HISTORY_HOURS = 30;
const MINUTE = 60_000;
const HOUR_MS = 60 * MINUTE;
/** of a point with a reading a minute: three cadences */
export const TOLERANCE = 3 * MINUTE;

export type Reading = readonly [time: number, value: number];

/** A meter's history: mostly a reading a minute, with gaps, dips, resets, rollovers of 10,000 and swaps. */
export const meterHistory: fc.Arbitrary<Reading[]> = fc
  .tuple(
    fc.integer({ min: 0, max: 12_000 }),
    fc.array(
      fc.record({
        // whole seconds, or a part of one behind the first second of an hour
        wait: fc.oneof(
          { weight: 12, arbitrary: fc.constantFrom(MINUTE, MINUTE, MINUTE + 7) },
          { weight: 1, arbitrary: fc.integer({ min: 4, max: 400 }).map((minutes) => minutes * MINUTE) },
        ),
        kind: fc.oneof(
          { weight: 20, arbitrary: fc.constant("rise" as const) },
          { weight: 1, arbitrary: fc.constantFrom("dip" as const, "reset" as const, "swap" as const, "near" as const) },
        ),
        by: fc.integer({ min: 0, max: 40 }),
      }),
      { minLength: 5, maxLength: 300, size: "max" },
    ),
  )
  .map(([first, steps]) => {
    let [time, value] = [HISTORY_START + 30_000, first];
    const readings: Reading[] = [[time, value]];
    for (const { wait, kind, by } of steps) {
      time += wait;
      if (kind === "rise") value += by;
      else if (kind === "dip") value = Math.max(0, value - Math.floor(value * 0.05));
      else if (kind === "reset") value = by / 10;
      else if (kind === "swap") value = Math.floor(value / 2);
      else value = 9_990;
      if (value >= 10_000 && kind === "rise" && by % 2 === 0) value %= 10_000;
      if (time < HISTORY_START + HISTORY_HOURS * HOUR_MS) readings.push([time, value]);
    }
    return readings;
  });

/** What is known of the use between neighbouring edges, computed as the documents say it. */
/** The rules as the documents say them, for one step. */
function naiveStep(from: number, to: number, largest: number): readonly [use: number, flag: string] {
  if (to >= from) return [to - from, ""];
  if (to >= from * 0.9) return [to - from, "dip"];
  for (const modulus of [10_000, 65_536, 100_000, 1_000_000, 10_000_000, 100_000_000, 1e9, 4_294_967_296]) {
    const use = modulus - from + to;
    if (from <= modulus && from > 0.9 * modulus && to < 0.1 * modulus && use <= 10 * largest) return [use, "rollover"];
  }
  return to < 0.1 * from ? [to, "reset"] : [0, "swapped"];
}

function naiveLargest(readings: readonly Reading[]): number {
  const hour = (time: number) => Math.floor(time / HOUR_MS);
  const byHour = new Map<number, number>();
  let largest = 0;
  readings.forEach(([time, value], i) => {
    const [before, from] = readings[i - 1] ?? [time, value];
    const rise = Math.max(0, value - from);
    if (hour(before) === hour(time)) byHour.set(hour(time), (byHour.get(hour(time)) ?? 0) + rise);
    else largest = Math.max(largest, rise);
  });
  return Math.max(largest, ...byHour.values());
}

/** What is known of the register at a time. */
function naiveAt(readings: readonly Reading[], used: readonly number[], time: number) {
  const past = readings.findLastIndex(([at]) => at <= time);
  const next = past + 1 < readings.length ? past + 1 : null;
  if (past >= 0 && readings[past]![0] === time) return { low: used[past]!, high: used[past]!, isExact: true };
  const whole = (at: number) => Math.floor(at / 1000);
  const until = next === null ? time : readings[next]![0];
  const isExact = past >= 0 && whole(until) - whole(readings[past]![0]) <= TOLERANCE / 1000;
  if (isExact) return { low: used[past]!, high: used[past]!, isExact };
  return { low: past < 0 ? NaN : used[past]!, high: next === null ? NaN : used[next]!, isExact };
}

/** The use between neighbouring edges, as the documents define it. */
export function naiveUse(readings: readonly Reading[], edges: readonly number[]) {
  const largest = naiveLargest(readings);
  const steps = readings.map(([, value], i): readonly [number, string] =>
    i === 0 ? [0, ""] : naiveStep(readings[i - 1]![1], value, largest),
  );
  const used = steps.map((_, i) => steps.slice(0, i + 1).reduce((sum, [use]) => sum + use, 0));
  return edges.slice(1).map((end, i) => {
    const start = edges[i]!;
    const [from, to] = [naiveAt(readings, used, start), naiveAt(readings, used, end)];
    const isExact = from.isExact && to.isExact;
    const flags = new Set(
      steps.flatMap(([, flag], s) => (readings[s]![0] > start && readings[s]![0] <= end ? flag : [])),
    );
    flags.delete("");
    if (!isExact) flags.add("edge_gap");
    const [exact, low, high] = [to.low - from.low, Math.max(0, to.low - from.high), to.high - from.low];
    const bounds = isExact ? [exact, exact] : low > high ? [high, low] : [low, high];
    const hasHigh = !flags.has("reset") && !flags.has("swapped");
    return { delta: isExact ? exact : NaN, low: bounds[0]!, high: hasHigh ? bounds[1]! : NaN, flags };
  });
}
