import { describe, expect, test } from "vitest";
import { DAY, FIRST, HOUR, hotDays, NOTHING, START, writtenDay } from "../../test/planned-query.ts";
import type { ManifestDay } from "../manifest/manifest.ts";
import { coverageOf } from "./coverage.ts";
import type { Stored } from "../read/stored.ts";

const range = { start: START, end: START + 4 * DAY };
const day = (n: number) => ({ start: START + n * DAY, end: START + (n + 1) * DAY });
const days = (...rows: ManifestDay[]): Stored => ({ ...NOTHING, days: rows });
const written = (n: number) => writtenDay(FIRST + n);
const empty = (n: number) => writtenDay(FIRST + n, { state: "confirmed-empty", file: null });
const failed = (n: number) => writtenDay(FIRST + n, { state: "failed", file: null });
const suspect = (n: number) => writtenDay(FIRST + n, { state: "suspect" });

describe("the end of the known time", () => {
  test.each<[string, Stored, number | null, number]>([
    ["no window has ended, and no day was built", NOTHING, null, 0],
    ["the sync's watermark", NOTHING, START + HOUR, HOUR],
    ["a watermark before the range", NOTHING, START - HOUR, 0],
    ["a watermark after the range", NOTHING, START + 9 * DAY, 4 * DAY],
    ["days built after the watermark, without a gap", days(written(0), empty(1), written(2)), START + HOUR, 3 * DAY],
    ["a day built after a gap does not count", days(written(2)), START + HOUR, HOUR],
    ["a failed day after the watermark does not count", days(failed(0), written(1)), START + HOUR, HOUR],
    ["a suspect day after the watermark does not count", days(suspect(0), written(1)), START + HOUR, HOUR],
    ["a backfill alone: to its last day", days(written(0), written(2)), null, 3 * DAY],
  ])("%s", (_, stored, watermark, until) => {
    expect(coverageOf(range, stored, watermark).until).toBe(START + until);
  });
});

describe("uncovered ranges", () => {
  const cover = (stored: Stored) => coverageOf(range, stored, range.end).uncovered;

  test("cover everything if nothing is stored", () => {
    expect(cover(NOTHING)).toEqual([range]);
    expect(coverageOf(range, NOTHING, START + HOUR + 1).uncovered).toEqual([{ start: START, end: START + HOUR + 1 }]);
  });

  test("cover days never built, or failed, that are not hot", () => {
    expect(cover(days(written(0), failed(1), empty(3)))).toEqual([{ start: day(1).start, end: day(2).end }]);
    const { hours } = hotDays(START + 2 * DAY, START + 3 * DAY);
    expect(cover({ ...days(written(0), failed(1)), hours })).toEqual([day(1), day(3)]);
  });

  test("cover the hours of a day that are not hot", () => {
    const hours = [START + 5 * HOUR, START + 6 * HOUR];
    const rest = days(written(1), written(2), written(3));
    expect(cover({ ...rest, hours })).toEqual([
      { start: START, end: START + 5 * HOUR },
      { start: START + 7 * HOUR, end: START + DAY },
    ]);
  });

  test("exclude days whose failed build left an older file", () => {
    expect(cover(days(written(0), writtenDay(FIRST + 1, { state: "failed" }), written(2), written(3)))).toEqual([]);
  });
});

test("suspect days are unreadable, within the range, at any watermark", () => {
  const stored = days(suspect(-1), suspect(0), written(1), suspect(3));
  const part = { start: START + HOUR, end: START + 3 * DAY + HOUR };
  expect(coverageOf(part, stored, null).unreadable).toEqual([
    { start: START + HOUR, end: START + DAY },
    { start: START + 3 * DAY, end: START + 3 * DAY + HOUR },
  ]);
});
