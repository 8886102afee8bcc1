import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeRanges, type TimeRange } from "../domain/time-range.ts";
import { nextWindow as windowOf, passedOver, type WindowSettings } from "./window.ts";

const MIN = 60_000;
const HOUR = 60 * MIN;
const settings = { lookbackMs: 10 * MIN, initialLookbackMs: 24 * HOUR, maxLagMs: 24 * HOUR };
const NOW = 1_000 * HOUR;

/** For a site that is not late. */
function nextWindow(watermark: number | null, now: number, given: WindowSettings): TimeRange | null {
  return windowOf({ watermark, servedTo: watermark }, now, given);
}

test.each<[string, number | null, TimeRange | null]>([
  ["the first window of a new site is an hour", null, { start: NOW - 24 * HOUR, end: NOW - 23 * HOUR }],
  ["the usual one: five minutes and the lookback", NOW - 5 * MIN, { start: NOW - 15 * MIN, end: NOW }],
  ["exactly an hour behind is one window", NOW - HOUR, { start: NOW - 70 * MIN, end: NOW }],
  ["further behind, an hour at a time", NOW - HOUR - 1, { start: NOW - 70 * MIN - 1, end: NOW - 1 }],
  ["a day behind", NOW - 24 * HOUR, { start: NOW - 24 * HOUR - 10 * MIN, end: NOW - 23 * HOUR }],
  ["nothing new: the lookback alone", NOW, { start: NOW - 10 * MIN, end: NOW }],
  ["a clock that stepped back asks for no future", NOW + 4 * MIN, { start: NOW - 6 * MIN, end: NOW }],
  ["not even a millisecond of lookback is past", NOW + 10 * MIN, null],
  ["one millisecond is", NOW + 10 * MIN - 1, { start: NOW - 1, end: NOW }],
  ["a clock that stepped back far has no window", NOW + 10 * HOUR, null],
])("%s", (_, watermark, window) => {
  expect(nextWindow(watermark, NOW, settings)).toEqual(window);
});

test("without lookback and without news there is no window", () => {
  expect(nextWindow(NOW, NOW, { ...settings, lookbackMs: 0 })).toBeNull();
  expect(nextWindow(NOW - 1, NOW, { ...settings, lookbackMs: 0 })).toEqual({ start: NOW - 1, end: NOW });
});

test("a first sync that reaches back less than an hour ends at now", () => {
  const window = nextWindow(null, NOW, { ...settings, initialLookbackMs: MIN });
  expect(window).toEqual({ start: NOW - MIN, end: NOW });
});

test("consecutive windows leave no hole, under any clock steps and failures", () => {
  const anyStep = fc.oneof(fc.integer({ min: 0, max: 10 * MIN }), fc.integer({ min: -2 * HOUR, max: 5 * HOUR }));
  const anyRun = fc.record({ step: anyStep, windows: fc.integer({ min: 0, max: 8 }) });
  const anySettings = fc.record({
    lookbackMs: fc.integer({ min: 0, max: HOUR }),
    initialLookbackMs: fc.integer({ min: 1, max: 12 * HOUR }),
    maxLagMs: fc.constant(24 * HOUR),
  });
  fc.assert(
    fc.property(anySettings, fc.array(anyRun, { minLength: 1, maxLength: 12 }), (given, runs) => {
      let now = NOW;
      let watermark: number | null = null;
      const proven: TimeRange[] = [];
      for (const { step, windows } of runs) {
        now += step;
        for (let i = 0; i < windows; i++) {
          const window = nextWindow(watermark, now, given);
          if (window === null) break;
          expect(window.start).toBeLessThan(window.end);
          expect(window.end).toBeLessThanOrEqual(now);
          expect(window.end - window.start).toBeLessThanOrEqual(HOUR + given.lookbackMs);
          const before: number | null = watermark;
          if (before !== null) expect(window.start).toBe(before - given.lookbackMs);
          proven.push(window);
          watermark = Math.max(before ?? window.end, window.end);
          if (watermark >= now) break;
          // each window either moves on or is the last one
          if (before !== null) expect(watermark).toBeGreaterThan(before);
        }
      }
      // a clock that stepped back may have requested time before the start as well
      const [first] = proven;
      if (first === undefined) return;
      const { start } = first;
      expect(start).toBeLessThan(watermark ?? -Infinity);
      const cover = mergeRanges(proven).find((range) => range.start <= start && start < range.end);
      expect(cover?.end).toBe(watermark);
    }),
  );
});

test.each<[string, number, TimeRange | null]>([
  ["by less than the lookback: no matter", 14 * MIN, { start: NOW - 15 * MIN, end: NOW }],
  ["by hours: the lookback before what was served", 3 * HOUR, { start: NOW - 3 * HOUR - 10 * MIN, end: NOW }],
  ["by more than a week: a week", 900 * HOUR, { start: NOW - 168 * HOUR - 10 * MIN, end: NOW }],
  ["by nothing: a newer sample than the watermark", -HOUR, { start: NOW - 15 * MIN, end: NOW }],
])("a site that is late %s", (_, late, window) => {
  expect(windowOf({ watermark: NOW - 5 * MIN, servedTo: NOW - late }, NOW, settings)).toEqual(window);
});

test("a watermark at most a day behind stays, and so does that of a new site", () => {
  expect(passedOver(NOW - 24 * HOUR, NOW, settings)).toBeNull();
  expect(passedOver(null, NOW, settings)).toBeNull();
});

test.each([
  ["one millisecond more: the days of the lookback too", 24 * HOUR + 1, [40, 40]],
  ["a week", 7 * 24 * HOUR, [34, 40]],
])("a watermark further behind moves to a day behind: %s", (_, lag, [first, last]) => {
  const over = passedOver(NOW - lag, NOW, settings)!;
  expect(over.to).toBe(NOW - 24 * HOUR);
  expect([over.days[0], over.days.at(-1), over.days.length]).toEqual([first, last, last! - first! + 1]);
});

test("no millisecond is left out between the settled days and the next window", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 24 * HOUR + 1, max: 500 * HOUR }),
      fc.integer({ min: 0, max: HOUR }),
      (lag, lookbackMs) => {
        const given = { ...settings, lookbackMs };
        const over = passedOver(NOW - lag, NOW, given)!;
        const window = nextWindow(over.to, NOW, given)!;
        const day = 24 * HOUR;
        expect(over.days[0]! * day).toBeLessThanOrEqual(NOW - lag - lookbackMs);
        expect((over.days.at(-1)! + 1) * day).toBeGreaterThanOrEqual(window.start);
        // and all of them have ended
        expect((over.days.at(-1)! + 1) * day).toBeLessThanOrEqual(NOW + day);
      },
    ),
  );
});
