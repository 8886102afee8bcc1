import fc from "fast-check";
import { expect, test } from "vitest";
import type { TimeRange } from "../domain/time-range.ts";
import type { Gap } from "./gap.ts";
import { intersectRanges, subtractRanges, unionRanges } from "./range-set.ts";
import { reconcile } from "./reconcile.ts";
import { askedFor } from "./repair-plan.ts";

const SPAN = 60;

/** The set minutes, as ranges. */
function rangesOf(minutes: readonly boolean[]): TimeRange[] {
  return unionRanges(minutes.flatMap((isSet, i) => (isSet ? [{ start: i, end: i + 1 }] : [])));
}

test("range operations equal the same operations on sets of minutes", () => {
  const minutes = fc.array(fc.boolean(), { minLength: SPAN, maxLength: SPAN });
  fc.assert(
    fc.property(minutes, minutes, (a, b) => {
      const [left, right] = [rangesOf(a), rangesOf(b)];
      expect(intersectRanges(left, right)).toEqual(rangesOf(a.map((isSet, i) => isSet && b[i]!)));
      expect(subtractRanges(left, right)).toEqual(rangesOf(a.map((isSet, i) => isSet && !b[i]!)));
    }),
  );
});

/** A table of a point's gaps, with scans of a point whose minutes have samples or not. */
class Table {
  rows = new Map<number, Gap>();
  now = 0;

  scan(silent: readonly boolean[], scannedRange: TimeRange): number {
    const known = [...this.rows.values()].filter(
      ({ state, start, end }) => state !== "repaired" && start <= scannedRange.end && end >= scannedRange.start,
    );
    const silences = intersectRanges(rangesOf(silent), [scannedRange]);
    const countSamples = (ranges: readonly TimeRange[]) =>
      silent.filter((isSilent, i) => !isSilent && ranges.some(({ start, end }) => i >= start && i < end)).length;
    const found = {
      siteId: 1,
      pointId: 2,
      scannedRange,
      silences,
      toleranceMs: 0,
      countSamples,
      cause: () => "unknown" as const,
    };
    const { removed, written } = reconcile(known, found, SPAN, this.now++);
    for (const { start } of removed) this.rows.delete(start);
    for (const gap of written) this.rows.set(gap.start, gap);
    return removed.length + written.length;
  }

  current(...states: readonly string[]): TimeRange[] {
    return [...this.rows.values()]
      .filter(({ state }) => states.includes(state))
      .map(({ start, end }) => ({ start, end }))
      .sort((a, b) => a.start - b.start);
  }
}

const looks = fc.array(
  fc.record({
    from: fc.nat(SPAN - 1),
    length: fc.integer({ min: 1, max: SPAN }),
    change: fc.tuple(fc.nat(SPAN - 1), fc.integer({ min: 1, max: 20 }), fc.boolean()),
    confirms: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

test("the table equals the last scan of each minute", () => {
  fc.assert(
    fc.property(looks, (steps) => {
      const table = new Table();
      const silent = Array.from({ length: SPAN }, () => false);
      const seen = Array.from({ length: SPAN }, () => false);
      for (const { from, length, change, confirms } of steps) {
        silent.fill(change[2], change[0], change[0] + change[1]);
        const scannedRange = { start: from, end: Math.min(SPAN, from + length) };
        for (let i = scannedRange.start; i < scannedRange.end; i++) seen[i] = silent[i]!;
        table.scan(silent, scannedRange);
        const rows = table.current("open", "confirmed-empty");
        expect(unionRanges(rows)).toEqual(rangesOf(seen));
        // Rows are disjoint, and open rows that touch are joined.
        expect(rows.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(seen.filter(Boolean).length);
        expect(unionRanges(table.current("open"))).toEqual(table.current("open"));
        expect(table.scan(silent, scannedRange)).toBe(0);
        const first = [...table.rows.values()].find(({ state }) => state === "open");
        if (confirms && first !== undefined)
          table.rows.set(first.start, { ...first, state: "confirmed-empty", resolvedAt: 1 });
      }
    }),
    { numRuns: 400 },
  );
});

test("the unasked rest of a gap stays a gap until it is asked for", () => {
  fc.assert(
    fc.property(looks, fc.nat(SPAN), (steps, at) => {
      const table = new Table();
      const all = { start: 0, end: SPAN };
      const silent = Array.from({ length: SPAN }, (_, i) => i % 20 > 0);
      table.scan(silent, all);
      const gap = table.rows.get(1 + 20 * (at % 3))!;
      const rest = { start: gap.start + (at % 19), end: gap.end };
      table.rows.set(gap.start, { ...gap, filledTo: rest.start });
      for (const { from, length, change } of steps) {
        silent.fill(change[2], change[0], change[0] + change[1]);
        const scannedRange = { start: from, end: Math.min(SPAN, from + length) };
        table.scan(silent, scannedRange);
        expect(table.scan(silent, scannedRange)).toBe(0);
        expect(subtractRanges([rest], table.current("open"))).toEqual([]);
        const filling = [...table.rows.values()].filter(({ filledTo }) => filledTo !== null);
        expect(filling).toMatchObject([{ state: "open", filledTo: rest.start }]);
        expect(askedFor(filling[0]!, SPAN)).toMatchObject({ start: rest.start });
        expect(filling[0]!.end).toBeGreaterThanOrEqual(rest.end);
      }
      for (const [start, row] of table.rows) table.rows.set(start, { ...row, filledTo: null });
      table.scan(silent, all);
      expect(table.current("open")).toEqual(rangesOf(silent));
    }),
    { numRuns: 200 },
  );
});

const gapOf = (table: Table) =>
  [...table.rows.values()].map(({ start, end, state, recovered }) => [start, end, state, recovered]);
const silentIn = (...ranges: [number, number][]) =>
  Array.from({ length: SPAN }, (_, i) => ranges.some(([start, end]) => i >= start && i < end));

test("counts arriving samples in changed gaps, and keeps detectedAt", () => {
  const table = new Table();
  const all = { start: 0, end: SPAN };
  table.scan(silentIn([10, 40]), all);
  table.scan(silentIn([15, 40]), all);
  expect(gapOf(table)).toEqual([[15, 40, "open", 5]]);
  table.scan(silentIn([15, 20], [30, 40]), all);
  expect(gapOf(table)).toEqual([
    [15, 20, "open", 15],
    [30, 40, "open", 0],
  ]);
  expect([...table.rows.values()].map(({ detectedAt }) => detectedAt)).toEqual([0, 0]);
  table.scan(silentIn(), all);
  expect(gapOf(table)).toEqual([
    [15, 20, "repaired", 20],
    [30, 40, "repaired", 10],
  ]);
});

test("an ongoing gap ends at the next sample", () => {
  const table = new Table();
  const forever = { start: 50, end: Number.POSITIVE_INFINITY };
  table.rows.set(50, {
    ...forever,
    siteId: 1,
    pointId: 2,
    state: "open",
    cause: "point_silent",
    detectedAt: 0,
    resolvedAt: null,
    attempts: 3,
    nextAttemptAt: 99,
    lastError: null,
    proofs: 0,
    proofBeganAt: null,
    provedTo: null,
    filledTo: null,
    recovered: 0,
  });
  table.scan(silentIn([50, 55]), { start: 0, end: Number.POSITIVE_INFINITY });
  expect([...table.rows.values()]).toMatchObject([{ start: 50, end: 55, attempts: 3, nextAttemptAt: 0 }]);
  const gone = reconcile(
    [...table.rows.values()],
    {
      siteId: 1,
      pointId: 2,
      scannedRange: { start: 0, end: 60 },
      silences: [],
      toleranceMs: 0,
      countSamples: () => 0,
      cause: () => "unknown",
    },
    SPAN,
    9,
  );
  expect([gone.removed.length, gone.written.length]).toEqual([1, 0]);
});
