import { describe, expect, it } from "vitest";
import { COVERAGE_MEANINGS, coverageStates, dayFigures } from "./coverage-state.ts";
import type { CoverageDay } from "./health-api.ts";

const day = (state: CoverageDay["cold"]["state"], hours = 0, more: Partial<CoverageDay["cold"]> = {}): CoverageDay => ({
  date: "2026-01-01",
  hot: { hours },
  settling: null,
  cold: { state, rows: 0, points: 0, bytes: 0, source: null, reason: null, ...more },
});
const LATER = Date.UTC(2026, 0, 9);
const statesOf = (...days: CoverageDay[]) => coverageStates(days, LATER).map(({ state }) => state);

describe("the state of a day", () => {
  it("depends on both levels", () => {
    expect(
      statesOf(
        day("written"),
        day("written", 3),
        day("missing", 24),
        day("confirmed-empty"),
        day("confirmed-empty", 1),
      ),
    ).toEqual(["written", "written", "hot", "confirmed-empty", "hot"]);
  });

  it("shows a fault first, even if samples exist", () => {
    expect(statesOf(day("suspect", 2), day("failed", 24), day("suspect"))).toEqual(["suspect", "failed", "suspect"]);
  });

  it("is a hole after stored days, and otherwise 'nothing yet'", () => {
    expect(statesOf(day("missing"), day("missing"), day("confirmed-empty"), day("missing"), day("written"))).toEqual([
      "none",
      "none",
      "confirmed-empty",
      "hole",
      "written",
    ]);
    expect(statesOf(day("missing"), day("missing"))).toEqual(["none", "none"]);
  });

  it("is 'nothing yet' in its first quarter of an hour, the time of three syncs", () => {
    const days = [{ ...day("written"), date: "2025-12-31" }, day("missing")];
    const midnight = Date.UTC(2026, 0, 1);
    const today = (minutes: number) => coverageStates(days, midnight + minutes * 60_000)[1]?.state;
    expect([0, 15, 16].map(today)).toEqual(["none", "none", "hole"]);
  });
});

describe("the figures of a day", () => {
  const figures = (one: CoverageDay) => dayFigures(coverageStates([one], LATER)[0]!);
  it("come from both levels", () => {
    const file = { rows: 86_400, points: 60, bytes: 123_456 };
    expect(figures(day("written", 0, file))).toEqual(["86,400 samples", "of 60 points", "123 kB in R2"]);
    expect(figures(day("written", 1, file)).at(-1)).toBe("1 hour in D1");
    expect(figures(day("missing", 24))).toEqual(["24 hours in D1"]);
  });

  it("are the state's meaning without samples, and the reason if known", () => {
    expect(figures(day("missing"))).toEqual([COVERAGE_MEANINGS.none]);
    expect(figures(day("confirmed-empty"))[0]).toContain("no samples");
    expect(figures(day("failed", 24, { reason: "the bucket did not answer" }))).toEqual([
      "24 hours in D1",
      "the bucket did not answer",
    ]);
  });
});

it("a day awaiting settlement is no hole; a settled day shows its time", () => {
  const due = { settled_at: null, due_at: "2026-11-30T02:00:00.000Z" };
  const days = [day("written"), { ...day("missing"), settling: due }, day("missing"), day("written")];
  const shown = coverageStates(days, Date.parse("2027-06-01T00:00:00Z"));
  expect(shown.map(({ state }) => state)).toEqual(["written", "awaiting", "hole", "written"]);
  expect(dayFigures(shown[1]!)[0]).toContain("asked for it again");
  const settled = { settled_at: "2026-11-29T02:00:00.000Z", due_at: null };
  const [one] = coverageStates([{ ...day("written", 0, { rows: 5, points: 1 }), settling: settled }], 0);
  expect(dayFigures(one!).at(-1)).toMatch(/^settled on .*29/);
});

it("a day built without the API is provisional until its last settlement", () => {
  const due = { settled_at: null, due_at: "2026-11-30T02:00:00.000Z" };
  const file = { rows: 5, points: 1, bytes: 100 } as const;
  const days = [
    { ...day("written", 0, { ...file, source: "d1" }), settling: due },
    { ...day("written", 0, { ...file, source: "api" }), settling: due },
    { ...day("written", 0, { ...file, source: "d1" }), settling: { ...due, due_at: null } },
    { ...day("suspect", 0, { ...file, source: "d1" }), settling: due },
  ];
  const shown = coverageStates(days, LATER);
  expect(shown.map(({ state }) => state)).toEqual(["provisional", "written", "written", "suspect"]);
  expect(dayFigures(shown[0]!).slice(0, 2)).toEqual([COVERAGE_MEANINGS.provisional, "5 samples"]);
});
