import fc from "fast-check";
import { expect, it } from "vitest";
import { estimatedEnd, msPerDay } from "./eta.ts";

it("is unknown before the first day, or the second of a window", () => {
  expect(msPerDay({ startedAt: 0, finishedAt: [], isAll: true, now: 5000 })).toBeNull();
  expect(estimatedEnd({ startedAt: 0, finishedAt: [], isAll: true, now: 5000 }, 3)).toBeNull();
  expect(msPerDay({ startedAt: 0, finishedAt: [900], isAll: false, now: 1000 })).toBeNull();
});

it("uses the pace of the finished days", () => {
  const pace = { startedAt: 1000, finishedAt: [2000, 3000, 4000], isAll: true, now: 4500 };
  expect(msPerDay(pace)).toBe(1000);
  expect(estimatedEnd(pace, 10)).toBe(14_000);
});

it("uses only the last days when more days exist", () => {
  expect(msPerDay({ startedAt: 0, finishedAt: [50_000, 50_100, 50_200], isAll: false, now: 50_200 })).toBe(100);
});

it("grows while the next day is overdue", () => {
  const pace = { startedAt: 0, finishedAt: [1000], isAll: true };
  expect(msPerDay({ ...pace, now: 2000 })).toBe(1000);
  expect(msPerDay({ ...pace, now: 10_000 })).toBe(5000);
});

it("is exact at any moment for days of equal duration", () => {
  const steady = fc.record({
    perDay: fc.integer({ min: 1, max: 10_000_000 }),
    done: fc.integer({ min: 1, max: 60 }),
    remaining: fc.integer({ min: 0, max: 2000 }),
    into: fc.nat(990),
  });
  fc.assert(
    fc.property(steady, ({ perDay, done, remaining, into }) => {
      const finishedAt = Array.from({ length: done }, (_, i) => (i + 1) * perDay);
      const now = done * perDay + Math.floor((into / 1000) * perDay);
      const end = estimatedEnd({ startedAt: 0, finishedAt, isAll: true, now }, remaining);
      expect(end).toBe(Math.max(now, (done + remaining) * perDay));
    }),
  );
});
