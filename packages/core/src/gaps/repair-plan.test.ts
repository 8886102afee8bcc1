import { expect, test } from "vitest";
import { type Gap, WHOLE_SITE } from "./gap.ts";
import { afterAsking, type Answers, askedFor, planRepair } from "./repair-plan.ts";

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
    filledTo: null,
  };
}

test("partly filled gaps come first, then those with fewest attempts", () => {
  const begun = { ...gap(4, 2, 4.5, 3), filledTo: MIDNIGHT + 4 * HOUR_MS };
  const gaps = [gap(1, 5.5, 6.5, 2), gap(2, 6.25, 6.75), gap(3, 20, 20.75, 1), begun, gap(WHOLE_SITE, 1, 2, 5)];
  const windows = planRepair(gaps, NOW).map(({ start, end, gaps: gapsOfWindow }) => {
    return [(start - MIDNIGHT) / HOUR_MS, (end - MIDNIGHT) / HOUR_MS, gapsOfWindow.map(({ pointId }) => pointId)];
  });
  expect(windows).toEqual([
    [4, 4.5, [4]],
    [1, 2, [WHOLE_SITE]],
    [6, 6.75, [2, 1]],
    [20, 20.75, [3]],
    [5.5, 6, [1]],
  ]);
});

const hour = (n: number) => MIDNIGHT + n * HOUR_MS;
const after = (asked: Gap, answers: Partial<Answers>) =>
  afterAsking(
    asked,
    askedFor(asked, NOW),
    { ended: new Set(), isServed: false, error: null, ...answers },
    24 * HOUR_MS,
    NOW,
  );

test("a gap stays due if only a later hour of it was requested", () => {
  const due = gap(1, 5.5, 6.5);
  expect(after(due, { ended: new Set([hour(6)]) })).toBeNull();
  const begun = after(due, { ended: new Set([hour(5)]) });
  expect(begun).toMatchObject({ attempts: 1, nextAttemptAt: NOW, provedTo: hour(6), filledTo: null });
  // asks again later after a failure
  expect(after(due, { error: "503" })?.nextAttemptAt).toBeGreaterThan(NOW);
});

test("the rest of a partly filled gap stays a gap until it is requested", () => {
  const due = gap(1, 5.5, 7.5);
  const cut = after(due, { ended: new Set([hour(5), hour(7)]), isServed: true, error: "503" })!;
  expect(cut).toMatchObject({ filledTo: hour(6), provedTo: null, lastError: "503", state: "open" });
  expect(cut.nextAttemptAt).toBeGreaterThan(NOW);
  expect(after(due, { ended: new Set([hour(5)]), isServed: true })).toMatchObject({
    filledTo: hour(6),
    nextAttemptAt: NOW,
  });
  expect(askedFor(cut, NOW)).toEqual({ start: hour(6), end: hour(7.5) });
  expect(after(cut, { ended: new Set([hour(6)]), error: "503" })).toMatchObject({ filledTo: hour(7), proofs: 0 });
  const whole = after(cut, { ended: new Set([hour(6), hour(7)]) });
  expect(whole).toMatchObject({ filledTo: null, lastError: null, proofs: 0, provedTo: null, state: "open" });
});

test("samples that arrive after a partial proof restart the whole gap", () => {
  const begun = after(gap(1, 5.5, 6.5), { ended: new Set([hour(5)]) })!;
  expect(askedFor(begun, NOW).start).toBe(hour(6));
  const served = after(begun, { ended: new Set([hour(6)]), isServed: true })!;
  expect(served).toMatchObject({ filledTo: begun.start, provedTo: null, nextAttemptAt: NOW, state: "open" });
  expect(askedFor(served, NOW)).toEqual({ start: begun.start, end: begun.end });
  expect(after(served, { ended: new Set([hour(5), hour(6)]) })).toMatchObject({ filledTo: null });
});

test("samples in a whole gap prove nothing of a point and disprove no site gap", () => {
  const all = { ended: new Set([hour(5), hour(6)]), isServed: true };
  expect(after(gap(1, 5.5, 6.5), all)).toMatchObject({ proofs: 0, filledTo: null, cause: "unknown" });
  expect(after(gap(WHOLE_SITE, 5.5, 6.5), all)).toMatchObject({ proofs: 1, filledTo: null, cause: "unknown" });
  expect(after(gap(WHOLE_SITE, 5.5, 6.5), { ...all, isServed: false })).toMatchObject({ cause: "upstream_empty" });
});

test("asks for an ongoing gap with samples to its end, and no scan forgets it", () => {
  const goesOn = { ...gap(1, 2, 2), end: Number.POSITIVE_INFINITY };
  expect(askedFor(goesOn, NOW)).toEqual({ start: hour(2), end: hour(3) });
  expect(askedFor({ ...goesOn, recovered: 1 }, NOW)).toEqual({ start: hour(2), end: hour(26) });
  for (const filledTo of [hour(2), hour(10), hour(30)]) {
    const begun = { ...goesOn, filledTo };
    const asked = askedFor(begun, NOW);
    expect(asked).toEqual({ start: filledTo, end: Math.max(hour(26), filledTo + HOUR_MS) });
    const ended = new Set(Array.from({ length: 48 }, (_, i) => hour(i)));
    expect(after(begun, { ended })).toMatchObject({ filledTo: null, state: "open", proofs: 0 });
  }
});
