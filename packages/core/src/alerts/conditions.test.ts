import { expect, test } from "vitest";
import type { AlertKind } from "./alert.ts";
import { type AlertInputs, conditionsOf, qualityCondition, type SiteInput } from "./conditions.ts";

const NOW = Date.UTC(2025, 9, 12, 14);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const THRESHOLDS = {
  errorPercent: 5,
  syncMs: 25_000,
  staleMs: 900_000,
  silentMs: 6 * HOUR_MS,
  unsettledMs: DAY_MS,
  databaseBytes: 8e9,
  tokenMs: 14 * DAY_MS,
};
const SITE: SiteInput = {
  site: "s",
  fetched: 1_000,
  errors: 0,
  completeTo: NOW,
  newestSample: NOW,
  firstSync: NOW - 30 * DAY_MS,
  dueSince: null,
  isPaused: false,
};
const GOOD: AlertInputs = {
  now: NOW,
  sites: [SITE],
  syncMs: 2_000,
  backfillFault: null,
  databaseBytes: 1e9,
  tokenExpiresAt: null,
};

const firing = (inputs: AlertInputs) =>
  conditionsOf(inputs, THRESHOLDS).flatMap(({ kind, level }) => (level === "firing" ? [kind] : []));
const site = (changes: Partial<SiteInput>): Partial<AlertInputs> => ({ sites: [{ ...SITE, ...changes }] });

test.each<[string, Partial<AlertInputs>, AlertKind[]]>([
  ["all is well", {}, []],
  ["5% errors", site({ errors: 50 }), []],
  ["more than 5% errors", site({ errors: 51 }), ["error_rate"]],
  ["no records at all", site({ fetched: 0 }), []],
  ["a sync of 25 s", { syncMs: 25_000 }, []],
  ["a longer sync", { syncMs: 25_001 }, ["slow_sync"]],
  ["a lag of three cadences", site({ completeTo: NOW - 900_000 }), []],
  ["a longer lag", site({ completeTo: NOW - 900_001 }), ["stale"]],
  ["a lag of a day of a paused site", site({ completeTo: NOW - DAY_MS, isPaused: true }), []],
  ["a newest sample of six hours ago", site({ newestSample: NOW - 6 * HOUR_MS }), []],
  ["an older one, though all that the API served is stored", site({ newestSample: NOW - 6 * HOUR_MS - 1 }), ["silent"]],
  ["no sample ever", site({ newestSample: null }), ["silent"]],
  ["no sample of a new site", site({ newestSample: null, firstSync: NOW - HOUR_MS }), []],
  ["a silent site that is paused", site({ newestSample: null, isPaused: true }), []],
  ["a day that is due for a day", site({ dueSince: NOW - DAY_MS }), []],
  ["a day that is due for longer", site({ dueSince: NOW - DAY_MS - 1 }), ["unsettled"]],
  ["a day that is due later", site({ dueSince: NOW + DAY_MS }), []],
  ["a watermark ahead of the clock", site({ completeTo: NOW + 900_001 }), []],
  ["a backfill at fault", { backfillFault: "it stands still" }, ["backfill"]],
  ["a database of 80%", { databaseBytes: 8e9 }, []],
  ["a larger database", { databaseBytes: 8e9 + 1 }, ["database_size"]],
  ["a key for 14 days", { tokenExpiresAt: NOW + 14 * DAY_MS }, []],
  ["a key for less", { tokenExpiresAt: NOW + 14 * DAY_MS - 1 }, ["token_expiry"]],
  ["a key that has expired", { tokenExpiresAt: NOW - DAY_MS }, ["token_expiry"]],
])("%s", (_, changes, kinds) => {
  expect(firing({ ...GOOD, ...changes })).toEqual(kinds);
});

test("an unknown value is no condition, so the alert keeps its state", () => {
  const kinds = (inputs: Partial<AlertInputs>) =>
    conditionsOf({ ...GOOD, ...inputs }, THRESHOLDS).map(({ kind }) => kind);
  expect(kinds({})).toContain("database_size");
  expect(kinds({ databaseBytes: null })).not.toContain("database_size");
  expect(kinds({})).toContain("stale");
  expect(kinds({ sites: [{ ...SITE, completeTo: null }] })).not.toContain("stale");
  expect(kinds({ sites: [{ ...SITE, newestSample: null, firstSync: null }] })).not.toContain("silent");
});

test.each(["stale", "silent", "unsettled"])("a pause ends the alert %s", (alert) => {
  const conditions = conditionsOf({ ...GOOD, sites: [{ ...SITE, completeTo: null, isPaused: true }] }, THRESHOLDS);
  expect(conditions.find(({ kind }) => kind === alert)).toMatchObject({ level: "ok", detail: "the sync is paused" });
});

test("each site has its own conditions, and the deployment's have no site", () => {
  const sites = [SITE, { ...SITE, site: "t", completeTo: NOW - DAY_MS, errors: 7 }];
  const conditions = conditionsOf({ ...GOOD, sites, tokenExpiresAt: NOW - 1000 }, THRESHOLDS);
  expect(conditions.map((condition) => `${condition.kind} ${condition.site ?? "-"} ${condition.level}`)).toEqual([
    "error_rate s ok",
    "unsettled s ok",
    "silent s ok",
    "stale s ok",
    "error_rate t ok",
    "unsettled t ok",
    "silent t ok",
    "stale t firing",
    "slow_sync - ok",
    "backfill - ok",
    "database_size - ok",
    "token_expiry - firing",
  ]);
  const detailOf = (kind: AlertKind) => conditions.findLast((condition) => condition.kind === kind)?.detail;
  expect(detailOf("stale")).toBe("the data is complete up to 2025-10-11T14:00:00.000Z, 86400 s ago");
  expect(detailOf("error_rate")).toContain("7 of 1000 records");
  expect(detailOf("token_expiry")).toBe("the API key expired at 2025-10-12T13:59:59.000Z");
});

test("fires below the last full day's threshold, naming the worst points", () => {
  const input = { site: "s", date: "2025-10-11", meanScore: 0.8, poor: 2, judged: 9 };
  const worst = [{ name: "a/b", score: 0, reasons: ["no samples at all on 1 day", "stuck"] }];
  expect(qualityCondition({ ...input, worst }, 0.8)).toMatchObject({ kind: "quality", site: "s", level: "ok" });
  expect(qualityCondition({ ...input, meanScore: 0.7999, worst }, 0.8)).toEqual({
    kind: "quality",
    site: "s",
    level: "firing",
    detail:
      "the mean quality of 9 points on 2025-10-11 was 0.7999, 2 of them are poor\n" +
      "worst: a/b 0 (no samples at all on 1 day, stuck)",
  });
});
