import { describe, expect, it } from "vitest";
import { parseDay } from "../domain/day.ts";
import { Problem } from "../domain/problem.ts";
import { dateRange, dayCount, lastEndedDay, openDateRange, START_END } from "./date-range.ts";

const LATEST = parseDay("2025-10-12")!;

function faultOf(first: string, last: string): { code: string; field: string | undefined } | null {
  try {
    dateRange(first, last, LATEST, START_END);
    return null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { code: error.code, field: error.field };
  }
}

describe("the dates of a request", () => {
  it.each([
    ["2025-10-12", "2025-10-12", 1],
    ["2024-02-28", "2024-03-01", 3],
    ["2023-12-31", "2024-12-31", 367],
    // five years with two leap days are the maximum
    ["2020-01-01", "2024-12-31", 1827],
  ])("accepts %s to %s: %i days, both included", (first, last, days) => {
    const range = dateRange(first, last, LATEST, START_END);
    expect(dayCount(range)).toBe(days);
    expect(range).toEqual({ first: parseDay(first), last: parseDay(last) });
  });

  it.each([
    ["2025-02-30", "2025-03-01", "invalid_request", "start_date"],
    ["2025-3-1", "2025-03-01", "invalid_request", "start_date"],
    ["", "2025-03-01", "invalid_request", "start_date"],
    ["2025-03-01", "2025-03-01T00:00:00Z", "invalid_request", "end_date"],
    ["2025-03-02", "2025-03-01", "invalid_request", "end_date"],
    ["2025-10-01", "2025-10-13", "invalid_request", "end_date"],
    ["2025-10-13", "2025-10-12", "invalid_request", "start_date"],
    ["2020-01-01", "2025-01-01", "span_too_long", "end_date"],
  ])("refuses %j to %j and names the field", (first, last, code, field) => {
    expect(faultOf(first, last)).toEqual({ code, field });
  });

  it.each([
    [undefined, undefined, 0, LATEST],
    ["2025-03-01", undefined, parseDay("2025-03-01"), LATEST],
    [undefined, "2025-03-01", 0, parseDay("2025-03-01")],
    ["2025-02-01", "2025-03-01", parseDay("2025-02-01"), parseDay("2025-03-01")],
  ])("accepts an open range: %s to %s", (from, to, first, last) => {
    expect(openDateRange(from, to, LATEST, START_END)).toEqual({ first, last });
  });

  it("ends at the last finished UTC day", () => {
    expect(lastEndedDay(Date.UTC(2025, 9, 13))).toBe(LATEST);
    expect(lastEndedDay(Date.UTC(2025, 9, 13) - 1)).toBe(LATEST - 1);
  });
});
