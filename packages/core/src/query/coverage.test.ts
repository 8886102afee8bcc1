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
    ["nothing was ever read", NOTHING, null, 0],
    ["the sync's watermark", NOTHING, START + HOUR, HOUR],
    ["a watermark before the range", NOTHING, START - HOUR, 0],
    ["a watermark after the range", NOTHING, START + 9 * DAY, 4 * DAY],
    ["days built after the watermark, without a gap", days(written(0), empty(1), written(2)), START + HOUR, 3 * DAY],
    ["a day built beyond a gap, which the sync is yet to come to", days(written(2)), START + HOUR, HOUR],
    ["a failed day after the watermark is yet to come", days(failed(0), written(1)), START + HOUR, HOUR],
    ["so is one whose file is not what was written", days(suspect(0), written(1)), START + HOUR, HOUR],
    ["a backfill alone: to its last day", days(written(0), written(2)), null, 3 * DAY],
  ])("%s", (_, stored, watermark, until) => {
    expect(coverageOf(range, stored, watermark).until).toBe(START + until);
  });
});

describe("what neither level holds", () => {
  const cover = (stored: Stored) => coverageOf(range, stored, range.end).uncovered;

  test("all of it, where nothing is stored", () => {
    expect(cover(NOTHING)).toEqual([range]);
    expect(coverageOf(range, NOTHING, START + HOUR + 1).uncovered).toEqual([{ start: START, end: START + HOUR + 1 }]);
  });

  test("days that were never built, or failed, and are not hot", () => {
    expect(cover(days(written(0), failed(1), empty(3)))).toEqual([{ start: day(1).start, end: day(2).end }]);
    const { hours } = hotDays(START + 2 * DAY, START + 3 * DAY);
    expect(cover({ ...days(written(0), failed(1)), hours })).toEqual([day(1), day(3)]);
  });

  test("hours of a day that is hot in part", () => {
    const hours = [START + 5 * HOUR, START + 6 * HOUR];
    const rest = days(written(1), written(2), written(3));
    expect(cover({ ...rest, hours })).toEqual([
      { start: START, end: START + 5 * HOUR },
      { start: START + 7 * HOUR, end: START + DAY },
    ]);
  });

  test("not days with an old file from before a failed build", () => {
    expect(cover(days(written(0), writtenDay(FIRST + 1, { state: "failed" }), written(2), written(3)))).toEqual([]);
  });
});

test("days with a changed file are unreadable, at any watermark, cut to the range", () => {
  const stored = days(suspect(-1), suspect(0), written(1), suspect(3));
  const part = { start: START + HOUR, end: START + 3 * DAY + HOUR };
  expect(coverageOf(part, stored, null).unreadable).toEqual([
    { start: START + HOUR, end: START + DAY },
    { start: START + 3 * DAY, end: START + 3 * DAY + HOUR },
  ]);
});
