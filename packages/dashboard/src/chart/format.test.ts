import { describe, expect, it } from "vitest";
import { axisLabels, formatLength, formatMoment, formatSpan, formatTime, formatValue } from "./format.ts";

const CHICAGO = "America/Chicago";

describe("texts", () => {
  it("shows a moment by the site's clock, with its zone", () => {
    expect(formatMoment(CHICAGO, Date.UTC(2026, 10, 23, 4, 5))).toBe("Nov 22, 2026, 22:05 CST");
    expect(formatMoment(CHICAGO, Date.UTC(2026, 6, 1, 5))).toBe("Jul 1, 2026, 00:00 CDT");
  });

  it.each([
    [71.876543, undefined, "71.88"],
    [0.123456, undefined, "0.123"],
    [1234567.891, undefined, "1,234,568"],
    [0, undefined, "0"],
    [-0.00001, undefined, "-1.000e-5"],
    [3e12, undefined, "3.000e+12"],
    [70, 0.5, "70.0"],
    [70, 20, "70"],
    [62.5, 2.5, "62.5"],
    [60, 2.5, "60.0"],
    [0.05, 0.01, "0.05"],
  ])("%d in steps of %s is %s", (value, step, text) => {
    expect(formatValue(value, step)).toBe(text);
  });

  it("shows times by the site's clock, with its name", () => {
    const time = Date.UTC(2026, 10, 23, 16, 5, 9);
    expect(formatTime(CHICAGO, time, 3_600_000)).toBe("Mon, Nov 23, 2026, 10:05:09");
    expect(formatTime(CHICAGO, time, 86_400_000)).toBe("Mon, Nov 23, 2026, 10:05");
    const start = Date.UTC(2019, 9, 31, 5);
    expect(formatSpan(CHICAGO, start, start + 4 * 86_400_000)).toBe("Oct 31, 2019, 00:00 – Nov 3, 2019, 23:00 CST");
    expect(formatSpan(CHICAGO, start, start + 59 * 86_400_000)).toBe("Oct 31, 2019, 00:00 – Dec 28, 2019, 23:00 CST");
    expect(formatSpan(CHICAGO, start, start + 60 * 86_400_000)).toBe("Oct 31, 2019 – Dec 29, 2019");
  });

  it("shows the date once a day on an axis, and the year once a year", () => {
    const hours = [22, 23, 24, 25].map((hour) => Date.UTC(2026, 5, 1, hour));
    expect(axisLabels("UTC", hours)).toEqual(["22:00\nJun 1", "23:00", "00:00\nJun 2", "01:00"]);
    expect(axisLabels("UTC", [Date.UTC(2026, 5, 2)])).toEqual(["00:00\nJun 2"]);
    const months = [10, 11, 12, 13].map((month) => Date.UTC(2025, month));
    expect(axisLabels("UTC", months)).toEqual(["Nov\n2025", "Dec", "Jan\n2026", "Feb"]);
    expect(
      axisLabels(
        "UTC",
        [0, 1, 2].map((s) => Date.UTC(2026, 5, 1) + s * 30_000),
      ),
    ).toEqual(["00:00:00\nJun 1", "00:00:30", "00:01:00"]);
  });

  it.each([
    [0, "0 s"],
    [61_000, "1 min 1 s"],
    [90_061_000, "1 d 1 h"],
    [3_600_000, "1 h"],
  ])("%d ms is %s", (ms, text) => {
    expect(formatLength(ms)).toBe(text);
  });
});
