import { expect, test } from "vitest";
import type { TimeRange } from "../domain/time-range.ts";
import { judgePoint, planPoint } from "./point-look.ts";
import { splitSilences } from "./site-silence.ts";

const MINUTE_MS = 60_000;
const MIDNIGHT = Date.UTC(2025, 9, 12);
const TOLERANCE_MS = 30 * MINUTE_MS;
const at = (minutes: number) => MIDNIGHT + minutes * MINUTE_MS;
const range = (start: number, end: number): TimeRange => ({ start: at(start), end: at(end) });

/** A look at the last two hours before midnight, and the hour after; more is known on both sides. */
function lookAt(minutes: readonly number[]) {
  const looked = range(-120, 60);
  const point = { id: 7, name: "p", firstSeen: 0, cadenceMs: 600_000, toleranceMs: TOLERANCE_MS, counts: [] };
  const hours = [-120, -60, 0];
  const times = new Map(
    hours.flatMap((hour) => {
      const own = minutes.filter((minute) => minute >= hour && minute < hour + 60).map(at);
      return own.length === 0 ? [] : [[at(hour), Float64Array.from(own)] as const];
    }),
  );
  const look = {
    part: range(-60, 0),
    domain: range(-1440, 600),
    goesOn: { start: false, end: false },
    countsFrom: at(-1440),
    rawHours: new Set<number>(),
    siteGaps: [],
  };
  return judgePoint({ point, looked, toRead: hours.map(at) }, look, times, []);
}

test("a look tells nothing of what lies beyond its first and last samples, where that is too short to be a gap", () => {
  const { looked, silences } = lookAt([-110, -80, -55, -30, -5, 20, 43]);
  expect(silences).toEqual([]);
  expect(looked).toEqual({ start: at(-110), end: at(43) + 1 });
});

test("a silence that reaches the end of a look is told of", () => {
  const { looked, silences } = lookAt([-80, -50, -20, 5]);
  expect(silences).toEqual([range(-120, -80), { start: at(5) + 1, end: at(60) }]);
  expect(looked).toEqual(range(-120, 60));
});

test("of a silence that is cut, what the site's leaves of it is not told of where it is too short to be a gap", () => {
  const silences = [range(5, 60)];
  const one = { pointId: 7, domain: range(-120, 60), silences, toleranceMs: TOLERANCE_MS, isAlive: false };
  const known = [range(-100, 40)];
  const split = (isCut: boolean) =>
    splitSilences([{ ...one, isCut: { start: false, end: isCut } }], range(-120, -60), known).points.get(7);
  expect(split(true)).toEqual({ silences: [], told: range(-120, 40) });
  expect(split(false)).toEqual({ silences: [], told: range(-120, 60) });
});

test("the look at a point reaches a tolerance beyond what changed, and to the end of all after its first sample", () => {
  const look = {
    part: range(0, 60),
    domain: range(-600, 900),
    goesOn: { start: false, end: true },
    countsFrom: at(-1440),
    rawHours: new Set<number>(),
    siteGaps: [],
  };
  const counts = Array.from({ length: 48 }, () => 6);
  const point = { id: 7, name: "p", cadenceMs: 600_000, toleranceMs: TOLERANCE_MS, counts };
  const lookedAt = (firstSeen: number) => planPoint(look, { ...point, firstSeen: at(firstSeen) }, [])?.looked;
  expect(lookedAt(-6_000)).toEqual(range(-60, 120));
  expect(lookedAt(-30)).toEqual(range(-30, 120));
  expect(lookedAt(20)).toEqual(range(20, 900));
});
