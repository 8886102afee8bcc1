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
  paused: null,
  watermark: iso(NOW - 2 * MINUTE),
  lag_seconds: 120,
  gaps: { open: 0, missing_seconds: 0, largest: [] },
  coverage_24h: { until: iso(NOW - 60 * MINUTE), fraction: 0.9985, unjudged_points: 0 },
  last_runs: [run(true)],
  errors: [],
  ...more,
});
const status = (sites: readonly SiteStatus[], alerts: NonNullable<Status["alerts"]> = []): Status => ({
  now: iso(NOW),
  sites: [...sites],
  unknown_sites: [],
  alerts,
});
const alert = (kind: string, of: string | null) => ({ kind, site: of, since: iso(NOW), detail: "" });
const gaps = { open: 2, missing_seconds: 12_000, largest: [] };

describe("the overall status", () => {
  it("is well, with its reasons", () => {
    expect(verdictOf(status([site()]), ["written", "hot", "none", "confirmed-empty"], NOW)).toEqual({
      level: "good",
      headline: "All is well",
      others: [],
      facts: ["synced 2 min ago", "no open gaps", "99.8% of expected samples in 24 h"],
    });
  });

  it("names points without a known cadence as not judged", () => {
    const some = { until: iso(NOW - 60 * MINUTE), fraction: 1, unjudged_points: 3 };
    expect(verdictOf(status([site({ coverage_24h: some })]), [], NOW).facts).toEqual([
      "synced 2 min ago",
      "no open gaps",
      "100% of expected samples in 24 h",
      "unknown for 3 points without a known cadence",
    ]);
  });

  it("does not rely on an old status: the sync is late a quarter of an hour later", () => {
    const last = site({ watermark: iso(NOW) });
    expect(verdictOf(status([last]), [], NOW + 15 * MINUTE).facts[0]).toBe("synced 15 min ago");
    expect(verdictOf(status([last]), [], NOW + 16 * MINUTE)).toMatchObject({
      level: "warning",
      headline: "The sync is 16 min behind",
      facts: ["no open gaps", "99.8% of expected samples in 24 h"],
    });
  });

  it("of a paused site does not mention its lag", () => {
    const paused = { since: iso(NOW - 60 * MINUTE), by: "ADMIN_TOKEN", reason: null };
    const behind = site({ paused, watermark: iso(NOW - 60 * MINUTE), last_runs: [run(false)] });
    expect(verdictOf(status([behind]), [], NOW)).toMatchObject({
      level: "warning",
      headline: "The sync is paused",
      others: [],
    });
  });

  it("starts with the worst: an alert before anything else", () => {
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
        "1 day that could not be settled",
        "2 days missing",
      ],
      facts: ["99.8% of expected samples in 24 h"],
    });
  });

  it("includes a site whose database does not answer", () => {
    const lost = { ...status([site()]), unknown_sites: ["b", "c"] };
    expect(verdictOf(lost, [], NOW)).toMatchObject({
      level: "bad",
      headline: "The database of b does not answer",
      others: ["the database of c does not answer"],
      facts: ["synced 2 min ago", "no open gaps", "99.8% of expected samples in 24 h"],
    });
    const two = verdictOf({ ...lost, sites: [site(), site({ name: "d" })] }, [], NOW);
    expect(two.facts[0]).toBe("2 sites synced 2 min ago or later");
    expect(verdictOf({ ...status([]), unknown_sites: ["b"], alerts: null }, [], NOW)).toEqual({
      level: "bad",
      headline: "The database of b does not answer",
      others: [],
      facts: ["alerts are unknown: the main database does not answer"],
    });
  });

  it("is unknown if the alerts are unknown", () => {
    expect(verdictOf({ ...status([site()]), alerts: null }, [], NOW)).toMatchObject({
      level: "unknown",
      headline: "No known problems. Alerts are unknown: the main database does not answer.",
    });
  });

  it("does not repeat an alert", () => {
    const late = site({ watermark: iso(NOW - 60 * MINUTE) });
    expect(verdictOf(status([late], [alert("stale", "a")]), [], NOW)).toMatchObject({
      headline: "The data is not up to date",
      others: [],
    });
  });

  it("is well only if everything is known", () => {
    expect(verdictOf(status([site({ coverage_24h: null })]), [], NOW)).toEqual({
      level: "unknown",
      headline: "No known problems. Gap detection has not run yet.",
      others: [],
      facts: ["synced 2 min ago"],
    });
    const unseen = site({ name: "b", coverage_24h: null });
    expect(verdictOf(status([site(), unseen]), [], NOW)).toMatchObject({
      level: "unknown",
      headline: "No known problems. Gap detection has not run yet at 1 of 2 sites.",
    });
    const nothing = { until: iso(NOW), fraction: null, unjudged_points: 3 };
    expect(verdictOf(status([site({ coverage_24h: nothing })]), [], NOW)).toMatchObject({
      level: "unknown",
      headline: "No known problems. No point has a known cadence, so gaps cannot be detected.",
      facts: ["synced 2 min ago", "unknown for 3 points without a known cadence"],
    });
    expect(verdictOf(status([site()]), null, NOW)).toMatchObject({
      level: "unknown",
      headline: "No known problems. The stored days are not known yet.",
      facts: ["synced 2 min ago", "no open gaps", "99.8% of expected samples in 24 h"],
    });
    expect(verdictOf(status([site({ coverage_24h: null })]), null, NOW).facts).toEqual([
      "synced 2 min ago",
      "the stored days are not known yet",
    ]);
  });

  it("shows the time of the last gap scan if it is old", () => {
    const looked = (hours: number) => ({ until: iso(NOW - hours * 60 * MINUTE), fraction: 1, unjudged_points: 0 });
    expect(verdictOf(status([site({ coverage_24h: looked(3) })]), [], NOW)).toMatchObject({
      level: "good",
      headline: "All is well",
    });
    expect(verdictOf(status([site({ coverage_24h: looked(26) })]), [], NOW)).toEqual({
      level: "unknown",
      headline: "No known problems. The last gap scan was 1 d 2 h ago.",
      others: [],
      facts: ["synced 2 min ago", "100% of expected samples in 24 h, as of 1 d 2 h ago"],
    });
  });

  it("shows unknowns beside faults", () => {
    const late = site({ coverage_24h: null, watermark: iso(NOW - 60 * MINUTE) });
    expect(verdictOf(status([late]), [], NOW)).toEqual({
      level: "warning",
      headline: "The sync is 1 h behind",
      others: [],
      facts: ["gap detection has not run yet"],
    });
    expect(verdictOf(status([site({ watermark: null })]), [], NOW)).toMatchObject({
      level: "warning",
      headline: "Never synced so far",
    });
    expect(verdictOf(status([]), null, NOW).level).toBe("warning");
  });

  it("shows a low share of expected samples", () => {
    const little = { until: iso(NOW), fraction: 0.9899, unjudged_points: 0 };
    expect(verdictOf(status([site({ coverage_24h: little })]), [], NOW)).toMatchObject({
      level: "warning",
      headline: "Only 98.9% of the expected samples in 24 h",
      facts: ["synced 2 min ago", "no open gaps"],
    });
  });

  it("names the site if there are several", () => {
    const b = site({ name: "ses_b", gaps, watermark: iso(NOW - 4 * MINUTE) });
    const verdict = verdictOf(status([site(), b], [alert("stale", "a")]), [], NOW);
    expect(verdict.headline).toBe("The data is not up to date: a");
    expect(verdict.others).toEqual(["ses_b: 2 open gaps, 3 h 20 min in all"]);
    expect(verdict.facts).toEqual([
      "all 2 sites synced 4 min ago or later",
      "99.8% of expected samples in 24 h or more",
    ]);
    expect(verdictOf(status([site(), b]), [], NOW).headline).toBe("ses_b: 2 open gaps, 3 h 20 min in all");
  });
});
