import { describe, expect, test } from "vitest";
import {
  afterInquiry,
  groupWindow,
  inquiriesByName,
  type KnownPoint,
  POINTS_PER_HOUR,
  silentPoints,
} from "./silent-points.ts";

const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;
const about = { front: NOW, now: NOW };

function point(id: number, changes: Partial<KnownPoint> = {}): KnownPoint {
  return { id, name: `p${id}`, intervalS: 60, newest: NOW - 60_000, attempts: 0, nextAt: null, ...changes };
}
const chosen = (points: readonly KnownPoint[], front = NOW) =>
  inquiriesByName(silentPoints(points, { ...about, front }), NOW, 24 * HOUR).map((inquiry) => inquiry.point.id);

test.each<[string, Partial<KnownPoint>, boolean]>([
  ["a point that sends", {}, false],
  ["three cadences", { newest: NOW - 180_000 }, false],
  ["more than three cadences", { newest: NOW - 180_001 }, true],
  ["an hour without a known cadence", { intervalS: null, newest: NOW - HOUR }, false],
  ["more than an hour without a known cadence", { intervalS: null, newest: NOW - HOUR - 1 }, true],
  ["a point that never sent a sample", { newest: null }, true],
  ["one whose next request is not due", { newest: null, nextAt: NOW + 1 }, false],
  ["one whose next request is due", { newest: null, nextAt: NOW }, true],
])("silent: %s", (_, changes, isChosen) => {
  expect(chosen([point(1, changes)])).toEqual(isChosen ? [1] : []);
});

test("no point is silent when the whole site is late", () => {
  expect(chosen([point(1, { newest: NOW - 30 * HOUR })], NOW - 30 * HOUR)).toEqual([]);
});

test("requests at most 20 points an hour, the longest waiting first", () => {
  const asked = Array.from({ length: 15 }, (_, i) => point(i, { newest: null, nextAt: NOW - i }));
  const fresh = Array.from({ length: 10 }, (_, i) => point(100 + i, { newest: null }));
  const ids = chosen([...asked, ...fresh]);
  expect(ids.length).toBe(POINTS_PER_HOUR);
  expect(ids.slice(0, 10)).toEqual(fresh.map(({ id }) => id));
  expect(ids.slice(10)).toEqual([14, 13, 12, 11, 10, 9, 8, 7, 6, 5]);
});

test("requests from the newest sample on, at most a week back", () => {
  const from = (newest: number | null) => inquiriesByName([point(1, { newest })], NOW, 24 * HOUR)[0]!.from;
  expect(from(NOW - 5 * HOUR)).toBe(NOW - 5 * HOUR);
  expect(from(NOW - 900 * HOUR)).toBe(NOW - 168 * HOUR);
  expect(from(null)).toBe(NOW - 24 * HOUR);
});

test("asks hourly for a point with new samples, and ever less often for others", () => {
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

describe("a window for a group", () => {
  const group = (count: number, newest: number, first = 1) =>
    Array.from({ length: count }, (_, i) => point(first + i, { newest: newest + i * 60_000 }));

  test("needs more points than may be asked for by name", () => {
    expect(groupWindow(group(POINTS_PER_HOUR, NOW - 5 * HOUR), about)).toBeNull();
    const window = groupWindow(group(POINTS_PER_HOUR + 1, NOW - 5 * HOUR), about);
    expect(window?.points.length).toBe(POINTS_PER_HOUR + 1);
    expect(window?.range).toEqual({ start: NOW - 5 * HOUR, end: NOW - 3 * HOUR });
  });

  test("takes the hour with the most newest samples", () => {
    const points = [
      ...group(25, NOW - 9 * HOUR),
      ...group(40, NOW - 5 * HOUR, 100),
      point(200, { newest: NOW - 4 * HOUR }),
    ];
    const window = groupWindow(points, about);
    expect(window?.points.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, i) => 100 + i));
  });

  test("ends where the site's served data ends", () => {
    const window = groupWindow(group(30, NOW - 5 * HOUR), { front: NOW - 4 * HOUR, now: NOW });
    expect(window?.range.end).toBe(NOW - 4 * HOUR);
  });

  test("leaves out points without samples, or silent for over a week", () => {
    const points = group(30, NOW - 200 * HOUR).concat(
      Array.from({ length: 30 }, (_, i) => point(100 + i, { newest: null })),
    );
    expect(groupWindow(points, about)).toBeNull();
  });
});
