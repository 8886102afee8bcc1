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
  const plain = (text: string) => text;

  it("has a bar, and all parts", () => {
    expect(progressLine(RUNNING, NOW, plain)).toBe(
      "[##########--------------]  45.08%  165 of 366 days  617,100,000 samples  at 2024-06-15  3.5 days/h  2 d 9 h left",
    );
  });

  it("counts failed and suspect days into the bar, and marks them", () => {
    const bad = { ...RUNNING, days_failed: 200, days_suspect: 1 };
    const line = progressLine(bad, NOW, (text) => `<${text}>`);
    expect(line).toMatch(/^\[#{24}\] {2}45\.08% .* {2}<200 FAILED> {2}<1 SUSPECT>$/);
  });

  it("shows no estimate before the first day is done", () => {
    const first = { ...RUNNING, rate: { days_per_hour: null }, estimated_completion: null };
    const line = progressLine(first, NOW, plain);
    expect(line).toContain("time left unknown");
    expect(line).not.toContain("days/h");
  });

  it("a finished or empty job has a full bar and no remaining time", () => {
    const empty = { ...RUNNING, status: "completed", days_completed: 0, days_total: 0 };
    const line = progressLine(empty, NOW, plain);
    expect(line).toContain(`[${"#".repeat(24)}]`);
    expect(line).not.toContain("left");
  });
});

it("progressText shows the days that are being built", () => {
  const day = { hours_done: 9, hours_total: 24, requests: 29, samples: 2_400_000 };
  const text = (...days: (typeof day | null)[]) =>
    progressText({ ...RUNNING, sites: days.map((running) => ({ running_day: running })) }, NOW);
  expect(text(day)).toContain("  at 2024-06-15: 9 of 24 h  29 requests, 2,400,000 samples in them  ");
  expect(text(day, null, { ...day, requests: 1 })).toContain("  at 2024-06-15: 18 of 48 h of 2 sites  30 requests, ");
});

it("progressText has all parts and no bar", () => {
  expect(progressText({ ...RUNNING, rate: { days_per_hour: 1642.15 } }, NOW)).toBe(
    "45.08%  165 of 366 days  617,100,000 samples  at 2024-06-15  1,642 days/h  2 d 9 h left",
  );
});
