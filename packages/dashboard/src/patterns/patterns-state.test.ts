import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addMonths, formatDay, parseDay } from "./calendar.ts";
import {
  comparedDays,
  COMPARISONS,
  daysOf,
  formatPatterns,
  parsePatterns,
  type PatternsState,
  shifted,
  SPANS,
} from "./patterns-state.ts";

const usual: PatternsState = { point: null, span: "month", to: null, compare: "days" };
const day = (text: string) => parseDay(text)!;
const shown = (state: Partial<PatternsState>, today: string) => {
  const { first, last } = daysOf({ ...usual, ...state }, day(today));
  return [formatDay(first), formatDay(last)];
};

describe("the address of Patterns", () => {
  it("is empty for the default state, and ignores invalid words", () => {
    expect(formatPatterns(usual).toString()).toBe("");
    expect(parsePatterns(new URLSearchParams("span=week&to=2026-02-30&compare=&point="))).toEqual(usual);
  });

  it("restores its state", () => {
    const state = fc.record({
      point: fc.option(fc.string({ minLength: 1 })),
      span: fc.constantFrom(...SPANS),
      to: fc.option(fc.integer({ min: 0, max: 40_000 })),
      compare: fc.constantFrom(...COMPARISONS),
    });
    fc.assert(
      fc.property(state, (one) => {
        expect(parsePatterns(new URLSearchParams(formatPatterns(one).toString()))).toEqual(one);
      }),
    );
  });
});

describe("the shown days", () => {
  it("are a month or a year up to the last day", () => {
    expect(shown({}, "2026-11-23")).toEqual(["2026-10-24", "2026-11-23"]);
    expect(shown({ span: "year" }, "2026-11-23")).toEqual(["2025-11-24", "2026-11-23"]);
    expect(shown({ to: day("2026-03-31") }, "2026-11-23")).toEqual(["2026-03-01", "2026-03-31"]);
    expect(shown({ to: day("2027-01-01") }, "2026-11-23")).toEqual(["2026-10-24", "2026-11-23"]);
  });

  it("are at most the longest range of hourly means, and at least one", () => {
    fc.assert(
      fc.property(fc.constantFrom(...SPANS), fc.integer({ min: 0, max: 40_000 }), (span, today) => {
        const { first, last } = daysOf({ ...usual, span }, today);
        expect(last - first).toBeGreaterThanOrEqual(0);
        expect(last - first).toBeLessThan(366);
      }),
    );
  });

  it("continue where the days before ended, and never pass today", () => {
    const today = day("2026-11-23");
    const before = shifted(usual, today, -1);
    expect(formatDay(before!)).toBe("2026-10-23");
    expect(shifted({ ...usual, to: before }, today, 1)).toBe(null);
    expect(shifted(usual, today, 1)).toBe(null);
    expect(formatDay(shifted({ ...usual, to: day("2026-05-10") }, today, 1)!)).toBe("2026-06-10");
  });

  it("of shorter months end with them", () => {
    expect(formatDay(addMonths(day("2026-03-31"), -1))).toBe("2026-02-28");
    expect(formatDay(addMonths(day("2024-02-29"), -12))).toBe("2023-02-28");
    expect(formatDay(addMonths(day("2026-12-15"), 1))).toBe("2027-01-15");
  });
});

it("compares the last days, or those of one weekday", () => {
  const last = day("2026-11-23");
  expect(comparedDays(usual, last)).toEqual(Array.from({ length: 14 }, (_, i) => last - 13 + i));
  const weekdays = comparedDays({ ...usual, compare: "weekday" }, last);
  expect(weekdays).toHaveLength(8);
  expect(new Set(weekdays.map((one) => new Date(one * 86_400_000).getUTCDay()))).toEqual(new Set([1]));
});
