import { describe, expect, it } from "vitest";
import { knownGaps, lengthOf, namedGaps } from "./open-gaps.ts";

const NOW = Date.UTC(2026, 10, 23, 12);
const HOUR = 3_600_000;
const iso = (hoursAgo: number) => new Date(NOW - hoursAgo * HOUR).toISOString();
const gap = (start: number, end: number | null, state = "open") => ({
  start: iso(start),
  end: end === null ? null : iso(end),
  state,
  cause: "unknown",
});

const status = (largest: readonly { of: "site" | "point"; start: string; end: string | null; cause: string }[]) => ({
  name: "a",
  paused: null,
  watermark: iso(0),
  lag_seconds: 0,
  gaps: { open: 9, missing_seconds: 1, largest: [...largest] },
  coverage_24h: null,
  last_runs: [],
  errors: [],
});

describe("open gaps without a token", () => {
  it("are all of the site and the longest of points, each once, longest first", () => {
    const coverage = { days: [], gaps: [gap(3, 2), gap(9, 1, "repaired"), gap(7, 1), gap(5, 4, "confirmed-empty")] };
    const rows = knownGaps(
      status([
        { of: "point", start: iso(2), end: null, cause: "point_silent" },
        { of: "site", start: iso(7), end: iso(1), cause: "unknown" },
        { of: "site", start: iso(10_000), end: iso(9990), cause: "unknown" },
      ]),
      coverage,
      NOW,
    );
    expect(
      rows.map(({ subject, start, end }) => [subject, (NOW - start) / HOUR, end === null ? null : (NOW - end) / HOUR]),
    ).toEqual([
      ["site", 10_000, 9990],
      ["site", 7, 1],
      [{ point: null }, 2, null],
      ["site", 3, 2],
    ]);
  });

  it("come from one answer if the other is missing", () => {
    expect(knownGaps(undefined, { days: [], gaps: [gap(3, 2)] }, NOW).length).toBe(1);
    expect(knownGaps(undefined, undefined, NOW)).toEqual([]);
  });
});

it("named gaps keep their last request's result; an ongoing gap grows", () => {
  const inquiry = { attempts: 2, next_attempt_at: iso(-1), last_error: null };
  const rows = namedGaps(
    [
      { point: "p", ...gap(3, 2), ...inquiry },
      { point: null, ...gap(2, null), ...inquiry },
    ],
    NOW,
  );
  expect(rows.map(({ subject }) => subject)).toEqual(["site", { point: "p" }]);
  expect(rows[0]!.inquiry).toMatchObject(inquiry);
  expect(lengthOf(rows[0]!, NOW + HOUR)).toBe(3 * HOUR);
  expect(lengthOf(rows[1]!, NOW + HOUR)).toBe(HOUR);
});
