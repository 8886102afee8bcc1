import { describe, expect, it, test } from "vitest";
import {
  formatAgo,
  formatAlert,
  formatCause,
  formatRoughLength,
  shareText,
  formatTimeOfDay,
  upperFirst,
  withLocalTimes,
} from "./format-health.ts";

const MINUTE = 60_000;

describe("lengths of time", () => {
  test.each([
    [-5, "0 s"],
    [999, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [119_999, "1 min"],
    [185 * MINUTE, "3 h 5 min"],
    [1440 * MINUTE + 59_000, "1 d"],
  ])("%i ms is %s", (ms, words) => expect(formatRoughLength(ms)).toBe(words));

  it("as an age", () => {
    expect([formatAgo(1999), formatAgo(2000), formatAgo(120_000)]).toEqual(["just now", "2 s ago", "2 min ago"]);
  });
});

test.each([
  [1, "100%"],
  [0.9999, "99.9%"],
  [0.998, "99.8%"],
  [0.98, "98.0%"],
  [0.07, "7.0%"],
  [0, "0.0%"],
])("a share of %d is %s: only a complete share shows as 100%", (share, text) => {
  expect(shareText(share)).toBe(text);
});

describe("times", () => {
  const at = Date.UTC(2026, 10, 23, 5, 7);
  it("use the clock of the zone, which is named", () => {
    expect(formatTimeOfDay("America/Chicago", at, at)).toBe("Nov 22, 23:07 CST");
    expect(formatTimeOfDay("America/Chicago", Date.UTC(2026, 6, 1), at)).toBe("Jun 30, 19:00 CDT");
    expect(formatTimeOfDay("UTC", at, at)).toBe("Nov 23, 05:07 UTC");
  });
  it("have their year if it is ambiguous", () => {
    expect(formatTimeOfDay("UTC", Date.UTC(2025, 10, 23), at)).toBe("Nov 23, 2025, 00:00 UTC");
  });
});

test("times inside a text use the zone's clock", () => {
  const text = "complete up to 2026-11-23T04:00:00.000Z, 3605 s ago";
  expect(withLocalTimes(text, "America/Chicago", Date.UTC(2026, 10, 23))).toBe(
    "complete up to Nov 22, 22:00 CST, 3605 s ago",
  );
});

test("a sentence starts with a capital, but a name stays unchanged", () => {
  expect([upperFirst("the sync is late"), upperFirst("ses_b: late"), upperFirst("99% of"), upperFirst("")]).toEqual([
    "The sync is late",
    "ses_b: late",
    "99% of",
    "",
  ]);
});

test("an unknown code shows as it is", () => {
  expect([formatAlert("stale"), formatAlert("disk_on_fire")]).toEqual([
    "The data is not up to date",
    "Alert: disk on fire",
  ]);
  expect([formatCause("failed_window"), formatCause("solar_flare")]).toEqual([
    "syncs failed at that time",
    "solar flare",
  ]);
});
