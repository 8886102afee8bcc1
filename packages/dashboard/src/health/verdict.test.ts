import { describe, expect, it } from "vitest";
import type { SiteStatus, Status } from "./health-api.ts";
import { verdictOf } from "./verdict.ts";

const NOW = Date.UTC(2026, 10, 23, 5);
const MINUTE = 60_000;
const iso = (at: number) => new Date(at).toISOString();

const run = (complete: boolean) => ({
  sync_id: "s",
  started_at: iso(NOW - 2 * MINUTE),
  duration_ms: 300,
  complete,
  records_fetched: 1,
  records_inserted: 1,
  records_failed: 0,
  records_rejected: {},
});
const site = (more: Partial<SiteStatus> = {}): SiteStatus => ({
  name: "a",
  watermark: iso(NOW - 2 * MINUTE),
  lag_seconds: 120,
  gaps: { open: 0, missing_seconds: 0, largest: [] },
  coverage_24h: { until: iso(NOW - 60 * MINUTE), fraction: 0.9985, unjudged_points: 0 },
  last_runs: [run(true)],
  errors: [],
  ...more,
});
const status = (sites: readonly SiteStatus[], alerts: Status["alerts"] = []): Status => ({
  now: iso(NOW),
  sites: [...sites],
  alerts,
});
const alert = (kind: string, of: string | null) => ({ kind, site: of, since: iso(NOW), detail: "" });
const gaps = { open: 2, missing_seconds: 12_000, largest: [] };

describe("whether all is well", () => {
  it("it is, with what that is made of", () => {
    expect(verdictOf(status([site()]), ["written", "hot", "none", "empty-confirmed"], NOW)).toEqual({
      level: "good",
      headline: "All is well",
      others: [],
      facts: ["synced 2 min ago", "no open gaps", "99.8% of expected samples in 24 h"],
    });
  });

  it("goes by the clock, not by the answer: what was well is late a quarter of an hour later", () => {
    const last = site({ watermark: iso(NOW) });
    expect(verdictOf(status([last]), null, NOW + 15 * MINUTE).facts[0]).toBe("synced 15 min ago");
    expect(verdictOf(status([last]), null, NOW + 16 * MINUTE)).toMatchObject({
      level: "warning",
      headline: "The sync is 16 min behind",
      facts: ["no open gaps", "99.8% of expected samples in 24 h"],
    });
  });

  it("says the worst first: an alert before anything else", () => {
    const wrong = site({ gaps, last_runs: [run(false), run(true)], watermark: iso(NOW - 60 * MINUTE) });
    expect(
      verdictOf(status([wrong], [alert("token_expiry", null)]), ["suspect", "failed", "hole", "hole"], NOW),
    ).toEqual({
      level: "bad",
      headline: "The key of the building's API expires",
      others: [
        "the sync is 1 h behind",
        "the last sync was not complete",
        "2 open gaps, 3 h 20 min in all",
        "1 day with a suspect file",
        "1 day that could not be archived",
        "2 days missing",
      ],
      facts: ["99.8% of expected samples in 24 h"],
    });
  });

  it("does not tell twice what an alert tells", () => {
    const late = site({ watermark: iso(NOW - 60 * MINUTE) });
    expect(verdictOf(status([late], [alert("stale", "a")]), null, NOW)).toMatchObject({
      headline: "The data is not up to date",
      others: [],
    });
  });

  it("does not claim what nobody has looked at", () => {
    expect(verdictOf(status([site({ coverage_24h: null })]), null, NOW).facts).toEqual([
      "synced 2 min ago",
      "gaps not looked for yet (that is hourly)",
    ]);
    const several = verdictOf(status([site(), site({ name: "b", coverage_24h: null })]), null, NOW).facts;
    expect(several[1]).toBe("gaps not looked for yet at 1 of 2 sites (that is hourly)");
    const old = { until: iso(NOW - 26 * 60 * MINUTE), fraction: 1, unjudged_points: 0 };
    expect(verdictOf(status([site({ coverage_24h: old })]), null, NOW).facts.at(-1)).toBe(
      "100% of expected samples in 24 h, as of 1 d 2 h ago",
    );
    const empty = { until: iso(NOW), fraction: null, unjudged_points: 3 };
    expect(verdictOf(status([site({ coverage_24h: empty })]), null, NOW).facts).toEqual([
      "synced 2 min ago",
      "no open gaps",
    ]);
    expect(verdictOf(status([site({ watermark: null })]), null, NOW)).toMatchObject({
      level: "warning",
      headline: "Never synced so far",
    });
    expect(verdictOf(status([]), null, NOW).level).toBe("warning");
  });

  it("says that too little came", () => {
    const little = { until: iso(NOW), fraction: 0.9899, unjudged_points: 0 };
    expect(verdictOf(status([site({ coverage_24h: little })]), null, NOW)).toMatchObject({
      level: "warning",
      headline: "Only 98.9% of the expected samples in 24 h",
      facts: ["synced 2 min ago", "no open gaps"],
    });
  });

  it("names the site where there are several", () => {
    const b = site({ name: "ses_b", gaps, watermark: iso(NOW - 4 * MINUTE) });
    const verdict = verdictOf(status([site(), b], [alert("stale", "a")]), null, NOW);
    expect(verdict.headline).toBe("The data is not up to date: a");
    expect(verdict.others).toEqual(["ses_b: 2 open gaps, 3 h 20 min in all"]);
    expect(verdict.facts).toEqual([
      "all 2 sites synced 4 min ago or later",
      "99.8% of expected samples in 24 h or more",
    ]);
    expect(verdictOf(status([site(), b]), null, NOW).headline).toBe("ses_b: 2 open gaps, 3 h 20 min in all");
  });
});
