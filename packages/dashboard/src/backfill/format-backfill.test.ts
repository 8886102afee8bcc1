import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BackfillJob, Plan } from "./backfill-api.ts";
import {
  bytesText,
  datesText,
  formatDuration,
  formatEta,
  moneyText,
  planFigures,
  formatRate,
  formatRejections,
  formatElapsed,
} from "./format-backfill.ts";
import { runningJob } from "./running-job.fixture.ts";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 23, 4, 30);

describe("lengths of time", () => {
  it.each([
    [0, "less than a minute"],
    [29_000, "less than a minute"],
    [31_000, "1 minute"],
    [59.6 * MINUTE, "1 hour"],
    [61 * MINUTE, "1 hour 1 minute"],
    [200 * MINUTE, "3 hours 20 minutes"],
    [1439.6 * MINUTE, "1 day"],
    [1499 * MINUTE, "1 day 1 hour"],
    [-5, "less than a minute"],
  ])("%d ms: %s", (ms, words) => expect(formatDuration(ms)).toBe(words));

  it("carry over to the next unit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 * 86_400_000 }), (ms) => {
        expect(formatDuration(ms)).not.toMatch(/\b(60 minutes|24 hours|0 (minutes|hours|days))/);
      }),
    );
  });
});

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [999_600, "1 MB"],
  [1_234_567, "1.23 MB"],
  [98_765_432, "98.8 MB"],
  [5e12, "5 TB"],
])("%d bytes: %s", (bytes, text) => expect(bytesText(bytes)).toBe(text));

it("a small amount is not shown as zero", () => {
  expect([0, 0.0004, 0.02, 1234.5].map(moneyText)).toEqual(["$0", "less than $0.01", "$0.02", "$1,234.50"]);
});

it("dates of one month name it once", () => {
  expect(datesText("2026-11-18", "2026-11-22").replaceAll("\u2009", " ")).toBe("Nov 18 – 22, 2026");
  expect(datesText("2026-11-18", "2026-11-18")).toBe("Nov 18, 2026");
});

describe("the end of a backfill", () => {
  const eta = (part: Partial<BackfillJob>) => formatEta(runningJob(part), NOW, "America/Chicago");

  it("shows a duration and a clock time, with the day if it is far", () => {
    expect(eta({ estimated_completion: "2026-11-23T04:42:00.000Z" })).toEqual({
      left: "about 12 minutes",
      at: "22:42 CST",
    });
    expect(eta({ estimated_completion: "2026-11-24T08:30:00.000Z" })).toEqual({
      left: "about 1 day 4 hours",
      at: "Tue, Nov 24, 02:30 CST",
    });
    expect(eta({ estimated_completion: "2026-11-23T04:30:05.000Z" })!.left).toBe("less than a minute");
  });

  it("is unknown before the first day, and empty after the end", () => {
    expect(eta({ estimated_completion: null })).toEqual({ left: "unknown until a day is done", at: null });
    expect(eta({ status: "completed" })).toBe(null);
  });

  it("of an ended backfill is its duration", () => {
    const job = runningJob({ started_at: "2026-11-23T04:00:00.000Z", last_updated: "2026-11-23T04:10:00.000Z" });
    expect(formatElapsed(job, NOW)).toBe("30 minutes");
    expect(formatElapsed({ ...job, status: "completed" }, NOW)).toBe("10 minutes");
  });
});

it("a rate uses the unit that is easier to read", () => {
  expect([null, 45.2, 4.56, 1, 0.25].map(formatRate)).toEqual([
    null,
    "45 days an hour",
    "4.6 days an hour",
    "1 day an hour",
    "a day in 4 hours",
  ]);
});

describe("a plan", () => {
  const plan: Plan = {
    days: 28,
    days_skipped: 2,
    calls: 1344,
    hours: 0.45,
    samples: 2_419_200,
    bytes: 3_144_960,
    cost: { total: 0.031, r2_storage_per_month: 0.0001 },
    sites: [{ site: "a", basis: "day files" }],
  };

  it("shows as text", () => {
    expect(planFigures(plan).map(({ value, note }) => [value, note])).toEqual([
      ["28 days", "2 more days are stored already"],
      ["27 minutes", "1,344 requests"],
      ["3.14 MB", "2,419,200 samples"],
      ["$0.03", "and less than $0.01 a month, at list prices"],
    ]);
  });

  it("shows what is uncertain", () => {
    const figures = planFigures({ ...plan, days: 1, days_skipped: 0, sites: [{ site: "a", basis: "nothing" }] });
    expect(figures[0]).toEqual({ label: "To fetch", value: "1 day", note: null });
    expect(figures[2]!.note).toBe("uncertain: nothing of a site was stored yet");
  });
});

it("a rejection reason shows as text, even an unknown one", () => {
  expect(["unconfigured", "bad_time", "too_odd"].map(formatRejections)).toEqual([
    "of points that are not collected",
    "without a readable time",
    "too odd",
  ]);
});
