import { describe, expect, it } from "vitest";
import { type BackfillProgress, durationText, progressLine, progressText } from "./progress-bar.ts";

const NOW = Date.UTC(2026, 0, 1);
const RUNNING: BackfillProgress = {
  status: "in_progress",
  days_completed: 165,
  days_total: 366,
  days_failed: 0,
  days_suspect: 0,
  progress_percent: "45.08",
  records_processed: 617_100_000,
  current_date: "2024-06-15",
  rate: { days_per_hour: 3.5 },
  estimated_completion: new Date(NOW + 57.4 * 3_600_000).toISOString(),
  sites: [{ running_day: null }],
};

describe("durationText", () => {
  it.each([
    [0, "0 s"],
    [-5, "0 s"],
    [59_400, "59 s"],
    [59_600, "1 min"],
    [3_569_000, "59 min"],
    [3_600_000, "1 h"],
    [12_000_000, "3 h 20 min"],
    [86_400_000, "1 d"],
    [187_200_000, "2 d 4 h"],
  ])("%i ms is %s", (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});

describe("progressLine", () => {
  it.each([
    [
      120,
      "[##########--------------]  45.08%  165 of 366 days  617,100,000 samples  at 2024-06-15  3.5 days/h  2 d 9 h left",
    ],
    [100, "[#####-------]  45.08%  165 of 366 days  617,100,000 samples  at 2024-06-15  2 d 9 h left"],
    [77, "[#####-------]  45.08%  165 of 366 days  617,100,000 samples  2 d 9 h left"],
    [70, "[#######----------]  45.08%  165 of 366 days  2 d 9 h left"],
    [57, "[######--------]  45.08%  165 of 366 days  2 d 9 h left"],
    [40, "45.08%  165 of 366 days  2 d 9 h left"],
    [24, "45.08%  165 of 366 days"],
    [10, "45.08%"],
    [3, "45."],
  ])("in %i columns tells the most important", (width, line) => {
    expect(progressLine(RUNNING, NOW, width)).toBe(line);
  });

  it("never takes more columns than there are, and always says how far it is", () => {
    const largest = {
      ...RUNNING,
      days_total: 18_270,
      days_failed: 9999,
      days_suspect: 9999,
      progress_percent: "100.00",
    };
    const unknown = { ...RUNNING, rate: { days_per_hour: null }, estimated_completion: null };
    for (const one of [RUNNING, largest, unknown, { ...RUNNING, status: "completed" }]) {
      for (let width = 7; width <= 200; width++) {
        const line = progressLine(one, NOW, width);
        expect(line.length).toBeLessThanOrEqual(width);
        expect(line).toContain(`${one.progress_percent}%`);
      }
    }
  });

  it("counts failed and suspect days into the bar, and tells them apart, in another colour where there is one", () => {
    const bad = { ...RUNNING, days_failed: 200, days_suspect: 1 };
    const line = progressLine(bad, NOW, 78, (text) => `<${text}>`);
    expect(line).toBe("[############]  45.08%  165 of 366 days  2 d 9 h left  <200 FAILED>  <1 SUSPECT>");
    expect(progressLine(bad, NOW, 30)).toBe("45.08%  200 FAILED  1 SUSPECT");
  });

  it("does not guess before the first day is done", () => {
    const line = progressLine({ ...RUNNING, rate: { days_per_hour: null }, estimated_completion: null }, NOW, 120);
    expect(line).toContain("time left not known yet");
    expect(line).not.toContain("days/h");
  });

  it("a finished or empty one has a full bar and no time left", () => {
    const line = progressLine({ ...RUNNING, status: "completed", days_completed: 0, days_total: 0 }, NOW, 120);
    expect(line).toContain(`[${"#".repeat(24)}]`);
    expect(line).not.toContain("left");
  });
});

it("tells how far the days have come that are built", () => {
  const day = { hours_done: 9, hours_total: 24, requests: 29, samples: 2_400_000 };
  const text = (...days: (typeof day | null)[]) =>
    progressText({ ...RUNNING, sites: days.map((one) => ({ running_day: one })) }, NOW);
  expect(text(day)).toContain("  at 2024-06-15: 9 of 24 h  29 requests, 2,400,000 samples in them  ");
  expect(text(day, null, { ...day, requests: 1 })).toContain("  at 2024-06-15: 18 of 48 h of 2 sites  30 requests, ");
});

it("progressText is for a log: all of it, without a bar", () => {
  expect(progressText({ ...RUNNING, rate: { days_per_hour: 1642.15 } }, NOW)).toBe(
    "45.08%  165 of 366 days  617,100,000 samples  at 2024-06-15  1,642 days/h  2 d 9 h left",
  );
});
