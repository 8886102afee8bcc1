import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  daysBetween,
  formatBackfill,
  lastDays,
  parseBackfill,
  problemOfDates,
  SCOPES,
  SHOWN_DAYS,
} from "./backfill-state.ts";

const NOW = Date.UTC(2026, 10, 23, 4, 30);

describe("the address of the form", () => {
  it("is empty for the default, the last 30 finished days", () => {
    const state = parseBackfill(new URLSearchParams(), NOW);
    expect(state).toEqual({ from: "2026-10-24", to: "2026-11-22", scope: "site", shown: "job" });
    expect(daysBetween(state.from, state.to)).toBe(30);
    expect(formatBackfill(state, NOW).toString()).toBe("");
  });

  it("an address restores its state, for any input", () => {
    const state = fc.record({
      from: fc.oneof(fc.constantFrom("", "2026-10-24", "2026-11-22"), fc.string()),
      to: fc.oneof(fc.constantFrom("", "2026-10-24", "2026-11-22"), fc.string()),
      scope: fc.constantFrom(...SCOPES),
      shown: fc.constantFrom(...SHOWN_DAYS),
    });
    fc.assert(
      fc.property(state, (one) => {
        expect(parseBackfill(new URLSearchParams(formatBackfill(one, NOW).toString()), NOW)).toEqual(one);
      }),
    );
  });
});

describe("the error of two dates", () => {
  it.each([
    ["2026-11-01", "2026-11-22", null, null],
    ["2026-11-22", "2026-11-22", null, null],
    ["", "2026-11-22", "start_date", "Give a date."],
    ["2026-02-30", "2026-11-22", "start_date", "Give a date."],
    ["2026-11-01", "soon", "end_date", "Give a date."],
    ["2026-11-01", "2026-11-23", "end_date", "That day has not ended: 2026-11-22 (UTC) is the last finished day."],
    ["2026-11-22", "2026-11-21", "start_date", "The first day is after the last one."],
    ["2021-11-22", "2026-11-22", null, null],
    ["2021-11-21", "2026-11-22", "start_date", "1,828 days: a backfill has at most five years."],
  ])("%s to %s: %s", (from, to, field, text) => {
    expect(problemOfDates({ from, to }, NOW)).toEqual(field === null ? null : { field, text });
  });

  it("accepts the default dates", () => {
    for (const days of [7, 30, 90, 365]) expect(problemOfDates(lastDays(days, NOW), NOW)).toBe(null);
  });
});
