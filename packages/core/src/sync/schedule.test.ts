import fc from "fast-check";
import { expect, test } from "vitest";
import { HOUR_MS } from "../domain/hour.ts";
import type { PastRun } from "./sync-state.ts";
import {
  orderSites,
  isLagging,
  MAX_BACKOFF_MS,
  nextToBegin,
  pageSizeFor,
  SYNC_SLOTS,
  LAGGING_SLOTS,
} from "./schedule.ts";

const MINUTE_MS = 60_000;
const SYNC_INTERVAL_MS = 5 * MINUTE_MS;
const NOW = Date.UTC(2025, 9, 12, 14);
const WINDOWS = { lookbackMs: 10 * MINUTE_MS, initialLookbackMs: 24 * HOUR_MS, maxLagMs: 24 * HOUR_MS };

const ran = (at: number, outcome: "complete" | "behind" | "failed" = "complete"): PastRun => {
  return { at, complete: outcome === "complete", failed: outcome === "failed", recordsPerMs: null };
};
const site = (name: string, watermark: number | null, ...recentRuns: PastRun[]) => ({ name, watermark, recentRuns });
const order = (...sites: ReturnType<typeof site>[]) => orderSites(sites).map(({ name }) => name);

test("orders a new site first, then by last run, then by watermark", () => {
  const fresh = site("fresh", NOW - 1, ran(NOW));
  const behind = site("behind", NOW - HOUR_MS, ran(NOW, "behind"));
  const left = site("left", NOW, ran(NOW - SYNC_INTERVAL_MS));
  expect(order(fresh, behind, left, site("new", null))).toEqual(["new", "left", "behind", "fresh"]);
});

test.each([
  [1, 5],
  [2, 10],
  [3, 20],
  [4, 40],
  [5, 60],
])("after %i failures in a row a site moves back by %i minutes", (n, minutes) => {
  const at = NOW - 3 * HOUR_MS;
  const before = ran(at - n * SYNC_INTERVAL_MS);
  const failing = site(
    "failing",
    0,
    ...Array.from({ length: n }, (_, i) => ran(at - i * SYNC_INTERVAL_MS, "failed")),
    before,
  );
  const wellAt = (later: number) => site("well", NOW, ran(at + later));
  expect(order(failing, wellAt(minutes * MINUTE_MS - 1))).toEqual(["well", "failing"]);
  expect(order(failing, wellAt(minutes * MINUTE_MS + 1))).toEqual(["failing", "well"]);
});

test("starts up to four sites at once, while their pages fit into memory", () => {
  const waiting = (pageSize: number, lagging = false) => ({ pageSize, isLagging: lagging });
  expect(nextToBegin([waiting(1_000)], [waiting(1_000), waiting(1_000), waiting(1_000)])).toEqual(waiting(1_000));
  expect(nextToBegin([waiting(1_000)], [waiting(1), waiting(1), waiting(1), waiting(1)])).toBeNull();
  expect(nextToBegin([waiting(50_000)], [waiting(50_000)])).toEqual(waiting(50_000));
  expect(nextToBegin([waiting(50_000)], [waiting(50_000), waiting(1_000)])).toBeNull();
  // No site overtakes one that does not fit, because small sites would keep it waiting forever.
  expect(nextToBegin([waiting(100_000), waiting(1_000)], [waiting(1_000)])).toBeNull();
  expect(nextToBegin([waiting(100_000)], [])).toEqual(waiting(100_000));
  expect(nextToBegin([], [])).toBeNull();
});

test("lagging sites get two slots while others wait, and all slots otherwise", () => {
  const ill = { pageSize: 1_000, isLagging: true };
  const well = { pageSize: 1_000, isLagging: false };
  expect(nextToBegin([ill, well], [ill])).toEqual(ill);
  expect(nextToBegin([ill, well], [ill, ill])).toEqual(well);
  expect(nextToBegin([ill], [ill, ill, ill])).toEqual(ill);
});

test("pages are as large as the next window, within the setting", () => {
  const rate = (recordsPerMs: number) => [{ ...ran(NOW - SYNC_INTERVAL_MS), recordsPerMs }];
  const sized = (perMinute: number, watermark: number, setting: 5000 | 100_000 = 100_000, servedTo = watermark) =>
    pageSizeFor({ recentRuns: rate(perMinute / MINUTE_MS), watermark, servedTo }, NOW, WINDOWS, setting);
  // 15 minutes of 4,583 points, and half as much again: more than 100,000 rows.
  expect(sized(4_583, NOW - SYNC_INTERVAL_MS)).toBe(100_000);
  expect(sized(1_000, NOW - SYNC_INTERVAL_MS)).toBe(50_000);
  expect(sized(5, NOW - SYNC_INTERVAL_MS)).toBe(1_000);
  expect(sized(1_000, NOW - 30 * HOUR_MS)).toBe(100_000);
  expect(sized(1_000, NOW - SYNC_INTERVAL_MS, 5_000)).toBe(5_000);
  // Data that comes 2 hours late: the window reaches back to it.
  expect(sized(100, NOW - SYNC_INTERVAL_MS, 100_000, NOW - 2 * HOUR_MS)).toBe(50_000);
  expect(pageSizeFor({ recentRuns: [], watermark: null, servedTo: null }, NOW, WINDOWS, 100_000)).toBe(50_000);
});

/** How each site's run ends, and how many sites a run has time for. */
const plan = fc.record({
  sites: fc.integer({ min: 1, max: 60 }),
  capacity: fc.integer({ min: SYNC_SLOTS, max: 30 }),
  outcomes: fc.infiniteStream(fc.constantFrom("complete", "complete", "behind", "failed", "failed")),
  stubborn: fc.uniqueArray(fc.integer({ min: 0, max: 59 })),
});

test("under any failures no site waits longer than its place plus back-off", () => {
  fc.assert(
    fc.property(plan, ({ sites: count, capacity, outcomes, stubborn }) => {
      const sites = Array.from({ length: count }, (_, i) => site(String(i), null));
      const lastRun = new Map<string, number>();
      for (let run = 0; run < 150; run++) {
        const now = NOW + run * SYNC_INTERVAL_MS;
        const waiting = orderSites(sites).map((state) => ({
          state,
          isLagging: isLagging(state),
          pageSize: 1_000,
        }));
        const running: typeof waiting = [];
        for (let begun = 0; begun < capacity && waiting.length > 0; begun++) {
          // The site that has run longest ends.
          if (running.length === SYNC_SLOTS) running.shift();
          const next = nextToBegin(waiting, running);
          if (next === null) throw new Error("no site starts although a slot is free");
          waiting.splice(waiting.indexOf(next), 1);
          running.push(next);
          const { state } = next;
          const outcome = stubborn.includes(Number(state.name)) ? "failed" : outcomes.next().value;
          state.recentRuns.unshift(ran(now, outcome));
          state.recentRuns.splice(5);
          lastRun.set(state.name, run);
        }
        for (const state of sites) {
          const waited = run - (lastRun.get(state.name) ?? -1);
          const row = Math.ceil(count / (isLagging(state) ? LAGGING_SLOTS : capacity));
          const backoff = state.recentRuns[0]?.failed === true ? MAX_BACKOFF_MS / SYNC_INTERVAL_MS : 0;
          expect(waited, `site ${state.name} in run ${run}`).toBeLessThanOrEqual(row + backoff);
        }
      }
    }),
    { numRuns: 60 },
  );
});
