import { describe, expect, it } from "vitest";
import { type BackfillProgress, durationText, progressLine } from "./progress-bar.ts";

const NOW = Date.UTC(2026, 0, 1);
const RUNNING: BackfillProgress = {
  status: "in_progress",
  days_completed: 165,
  days_total: 366,
  days_failed: 0,
  progress_percent: "45.08",
  records_processed: 617_100_000,
  current_date: "2024-06-15",
  rate: { days_per_hour: 3.5 },
  estimated_completion: new Date(NOW + 57.4 * 3_600_000).toISOString(),
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
  it("tells days, samples, rate and time left", () => {
    expect(progressLine(RUNNING, NOW)).toBe(
      "[##########--------------] 45.08%  165 of 366 days  617,100,000 samples  at 2024-06-15  3.5 days/h  2 d 9 h left",
    );
  });

  it("counts failed days into the bar, and says so", () => {
    const line = progressLine({ ...RUNNING, days_failed: 201 }, NOW);
    expect(line).toContain(`[${"#".repeat(24)}]`);
    expect(line).toContain("201 FAILED");
  });

  it("does not guess before the first day is done", () => {
    const line = progressLine({ ...RUNNING, rate: { days_per_hour: null }, estimated_completion: null }, NOW);
    expect(line).toContain("time left not known yet");
    expect(line).not.toContain("days/h");
  });

  it("a finished or empty one has a full bar and no time left", () => {
    const line = progressLine({ ...RUNNING, status: "completed", days_completed: 0, days_total: 0 }, NOW);
    expect(line).toContain(`[${"#".repeat(24)}]`);
    expect(line).not.toContain("left");
  });
});
