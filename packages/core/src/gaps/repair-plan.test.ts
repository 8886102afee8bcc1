import { expect, test } from "vitest";
import type { Gap } from "./gap.ts";
import { afterAsking, planRepair } from "./repair-plan.ts";

const HOUR_MS = 3_600_000;
const MIDNIGHT = Date.UTC(2025, 9, 12);
const NOW = MIDNIGHT + 40 * HOUR_MS;

/** @param from and `to`: hours after midnight */
function gap(pointId: number, from: number, to: number, attempts = 0): Gap {
  return {
    siteId: 1,
    pointId,
    start: MIDNIGHT + from * HOUR_MS,
    end: MIDNIGHT + to * HOUR_MS,
    state: "open",
    cause: "unknown",
    detectedAt: NOW - HOUR_MS,
    resolvedAt: null,
    recovered: 0,
    attempts,
    nextAttemptAt: NOW - 1,
    lastError: null,
    proofs: 0,
    proofBeganAt: null,
    provedTo: null,
  };
}

test("windows that share gaps are asked for one after the other, the earliest first, so that only ends of gaps are left", () => {
  const gaps = [gap(1, 5.5, 6.5, 2), gap(2, 6.25, 6.75), gap(3, 20, 20.75, 1)];
  const windows = planRepair(gaps, NOW).map(({ start, end, gaps: own }) => {
    return [(start - MIDNIGHT) / HOUR_MS, (end - MIDNIGHT) / HOUR_MS, own.map(({ pointId }) => pointId)];
  });
  expect(windows).toEqual([
    [5.5, 6, [1]],
    [6, 6.75, [2, 1]],
    [20, 20.75, [3]],
  ]);
});

test("a gap of which a later hour alone was asked for, as another's, is due still", () => {
  const own = gap(1, 5.5, 6.5);
  const hour = (n: number) => MIDNIGHT + n * HOUR_MS;
  const answers = { isServed: false, error: null };
  expect(afterAsking(own, { ...answers, empty: new Set([hour(6)]) }, 24 * HOUR_MS, NOW)).toBeNull();
  expect(afterAsking(own, { ...answers, empty: new Set([hour(5)]) }, 24 * HOUR_MS, NOW)).toMatchObject({
    attempts: 1,
    nextAttemptAt: NOW,
    provedTo: hour(6),
  });
  // what failed is asked for again later
  const failed = { ...answers, error: "503", empty: new Set<number>() };
  expect(afterAsking(own, failed, 24 * HOUR_MS, NOW)?.nextAttemptAt).toBeGreaterThan(NOW);
});
