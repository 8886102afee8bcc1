import { expect, test } from "vitest";
import { afterInquiry, type KnownPoint, POINTS_AN_HOUR, silentPoints } from "./silent-points.ts";

const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;
const about = { front: NOW, now: NOW, initialLookbackMs: 24 * HOUR };

function point(id: number, changes: Partial<KnownPoint> = {}): KnownPoint {
  return { id, name: `p${id}`, intervalS: 60, newest: NOW - 60_000, attempts: 0, nextAt: null, ...changes };
}
const chosen = (points: readonly KnownPoint[], front = NOW) =>
  silentPoints(points, { ...about, front }).map((inquiry) => inquiry.point.id);

test.each<[string, Partial<KnownPoint>, boolean]>([
  ["a point that sends", {}, false],
  ["three cadences", { newest: NOW - 180_000 }, false],
  ["more than three cadences", { newest: NOW - 180_001 }, true],
  ["an hour without a known cadence", { intervalS: null, newest: NOW - HOUR }, false],
  ["more than an hour without a known cadence", { intervalS: null, newest: NOW - HOUR - 1 }, true],
  ["a point that never sent a sample", { newest: null }, true],
  ["one whose time has not come", { newest: null, nextAt: NOW + 1 }, false],
  ["one whose time has come", { newest: null, nextAt: NOW }, true],
])("silent: %s", (_, changes, isChosen) => {
  expect(chosen([point(1, changes)])).toEqual(isChosen ? [1] : []);
});

test("where the whole site is late nobody is silent", () => {
  expect(chosen([point(1, { newest: NOW - 30 * HOUR })], NOW - 30 * HOUR)).toEqual([]);
});

test("at most twenty an hour: first those that were never asked for, then who waits longest", () => {
  const asked = Array.from({ length: 15 }, (_, i) => point(i, { newest: null, nextAt: NOW - i }));
  const fresh = Array.from({ length: 10 }, (_, i) => point(100 + i, { newest: null }));
  const ids = chosen([...asked, ...fresh]);
  expect(ids.length).toBe(POINTS_AN_HOUR);
  expect(ids.slice(0, 10)).toEqual(fresh.map(({ id }) => id));
  expect(ids.slice(10)).toEqual([14, 13, 12, 11, 10, 9, 8, 7, 6, 5]);
});

test("a point is asked for from its newest sample on, at most a week back, a new one as far as a new site", () => {
  const from = (newest: number | null) => silentPoints([point(1, { newest })], about)[0]!.from;
  expect(from(NOW - 5 * HOUR)).toBe(NOW - 5 * HOUR);
  expect(from(NOW - 900 * HOUR)).toBe(NOW - 168 * HOUR);
  expect(from(null)).toBe(NOW - 24 * HOUR);
});

test("a point that brings something is asked for hourly, another one less and less, at last daily", () => {
  expect(afterInquiry(point(1, { attempts: 7 }), true, NOW)).toEqual({
    attempts: 0,
    nextAt: NOW + 0.916_666_666_666_666_6 * HOUR,
  });
  const waits: number[] = [];
  for (let attempts = 0; attempts < 8; attempts++) {
    const next = afterInquiry(point(1, { attempts }), false, NOW);
    expect(next.attempts).toBe(attempts + 1);
    waits.push(Math.round((next.nextAt - NOW) / HOUR));
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 24, 24, 24]);
});
