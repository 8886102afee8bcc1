import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clampSpan, endingAt, LAST_RANGES, panned, spanOf, zoomed } from "./span.ts";

const HOUR = 3_600_000;
const start = fc.integer({ min: 1e12, max: 2e12 });
const span = fc.tuple(start, fc.integer({ min: 20_000, max: 1e11 })).map(([at, ms]) => ({ start: at, end: at + ms }));

describe("ranges", () => {
  it("around a time have the same length, and the time near their end", () => {
    expect(endingAt({ start: 1000, end: 1100 }, 500)).toEqual({ start: 405, end: 505 });
  });

  it("up to now end with this minute, and have their exact length, also over a change of the clock", () => {
    const now = Date.UTC(2026, 2, 8, 12, 0, 1);
    for (const { id, ms } of LAST_RANGES) {
      const { start: from, end } = spanOf({ last: id }, now);
      expect([end, end - from]).toEqual([Date.UTC(2026, 2, 8, 12, 1), ms]);
    }
  });

  it("that are fixed stay", () => {
    expect(spanOf({ start: 5, end: 7 }, 1e12)).toEqual({ start: 5, end: 7 });
  });

  it("zoom around the pointer", () => {
    fc.assert(
      fc.property(span, fc.nat(1000), (shown, thousandths) => {
        const at = thousandths / 1000;
        const closer = zoomed(shown, 0.5, at);
        const placeOf = (s: { start: number; end: number }) => s.start + (s.end - s.start) * at;
        expect(Math.abs(placeOf(closer) - placeOf(shown))).toBeLessThanOrEqual(Math.max(2, 5_000));
        expect(closer.end - closer.start).toBeGreaterThanOrEqual(9_999);
      }),
    );
  });

  it("pan without changing their length", () => {
    fc.assert(
      fc.property(span, fc.integer({ min: -2000, max: 2000 }), (shown, thousandths) => {
        const moved = panned(shown, thousandths / 1000);
        expect(moved.end - moved.start).toBe(shown.end - shown.start);
      }),
    );
  });

  it("are at least ten seconds and at most the API's longest range", () => {
    expect(clampSpan({ start: 1000, end: 1001 })).toEqual({ start: -3999, end: 6001 });
    const { start: from, end } = clampSpan({ start: 0, end: 1e14 });
    expect(end - from).toBe(1830 * 24 * HOUR);
  });
});
