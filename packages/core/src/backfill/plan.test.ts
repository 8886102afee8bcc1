import { expect, it } from "vitest";
import { planBackfill, type SiteEstimate } from "./plan.ts";

const FULL: SiteEstimate = {
  site: "ses_falls_city",
  days: 365,
  skipped: 1,
  samplesPerDay: 6_599_520,
  bytesPerDay: null,
  points: 4583,
  basis: "catalogue",
};
const SETTINGS = { pageSize: 100_000, requestsPerMinute: 50, msPerCall: null };

it("plans a year of 4,583 points with one sample a minute", () => {
  const plan = planBackfill([FULL], SETTINGS);
  expect(plan).toMatchObject({ days: 365, days_skipped: 1, calls: 365 * 24 * 3, samples: 365 * 6_599_520 });
  expect(plan.hours).toBeCloseTo((365 * 72) / 3000, 2);
  expect(plan.bytes).toBeCloseTo(365 * 6_599_520 * 1.3, -1);
  // 365 x 4,587 rows at $1 per million
  expect(plan.cost.d1_rows_written).toBeCloseTo(1.6743, 3);
  expect(plan.cost.total).toBeCloseTo(plan.cost.r2_operations + plan.cost.d1_rows_written + plan.cost.workers_cpu, 3);
  expect(plan.cost.r2_storage_per_month).toBeCloseTo((plan.bytes / 1e9) * 0.015, 4);
});

it("plans one request an hour for a site without known points", () => {
  const unknown: SiteEstimate = { ...FULL, days: 10, samplesPerDay: null, points: 0, basis: "nothing" };
  expect(planBackfill([unknown], SETTINGS)).toMatchObject({ calls: 240, samples: 0, bytes: 0 });
});

it("prefers measured sizes and times", () => {
  const measured: SiteEstimate = { ...FULL, days: 100, bytesPerDay: 8_000_000, basis: "day files" };
  const plan = planBackfill([measured], { ...SETTINGS, msPerCall: 10_000 });
  expect(plan).toMatchObject({ bytes: 800_000_000, calls: 7200, hours: 20 });
  expect(planBackfill([measured], { ...SETTINGS, msPerCall: 3 }).hours).toBeCloseTo(2.4, 6);
});

it("adds up the sites under one request budget", () => {
  const one = planBackfill([FULL], SETTINGS);
  const two = planBackfill([FULL, { ...FULL, site: "other" }], SETTINGS);
  expect(two.hours).toBeCloseTo(2 * one.hours, 3);
  expect(two.days).toBe(730);
  expect(two.sites.map((site) => site.calls)).toEqual([one.calls, one.calls]);
});
