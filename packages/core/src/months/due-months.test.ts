import { describe, expect, test } from "vitest";
import type { DayOutline } from "../manifest/manifest.ts";
import type { MonthRow } from "../manifest/month-files.ts";
import { dayStart, parseDay } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { monthOf, monthText } from "../domain/month.ts";
import { dueMonth, needOf, QUIET_BEFORE_BUILD_MS, type SiteMonths } from "./due-months.ts";

const day = (text: string) => parseDay(text)!;
const OCTOBER = monthOf(day("2025-10-01"));
const NOW = dayStart(day("2025-11-20"));

const written = (text: string, rest: Partial<DayOutline> = {}): DayOutline => {
  const about = {
    state: "written",
    build: "b",
    generation: 1,
    updatedAt: NOW - QUIET_BEFORE_BUILD_MS,
    file: { etag: "e" },
  } as const;
  return { day: day(text), ...about, ...rest };
};

/** By day of October: the generation of the given days, null for others. */
const generations = (of: Readonly<Record<number, number>>) => Array.from({ length: 31 }, (_, i) => of[i + 1] ?? null);

const row = (rest: Partial<MonthRow> = {}): MonthRow => ({
  month: OCTOBER,
  file: { key: "k", etag: "e", bytes: 1, rows: 1 },
  mayHaveObject: true,
  days: generations({ 12: 1 }),
  generation: 1,
  located: 1,
  packed: generations({ 12: 1 }),
  instance: null,
  builtAt: NOW - 100 * HOUR_MS,
  attempts: 0,
  reason: null,
  ...rest,
});

const due = (site: Partial<SiteMonths>) => {
  const nothing = { now: NOW, days: [], unsettled: new Set<number>(), months: [], keepsFiles: true };
  const month = dueMonth({ ...nothing, ...site });
  return month === null ? null : monthText(month);
};

describe("the due month", () => {
  const days = [written("2025-10-12")];

  test("a month that is over, with a day's file and no row", () => expect(due({ days })).toBe("2025-10"));
  test("none where nothing was ever built", () => expect(due({})).toBeNull());
  test("none that is not over", () => expect(due({ days: [written("2025-11-02")] })).toBeNull());
  test("none with a day that is not settled", () =>
    expect(due({ days, unsettled: new Set([day("2025-10-31")]) })).toBeNull());
  test("one beside a month with a day that is not settled", () =>
    expect(due({ days, unsettled: new Set([day("2025-09-30"), day("2025-11-01")]) })).toBe("2025-10"));
  test("none with a day that was published just now", () =>
    expect(due({ days: [...days, written("2025-10-13", { updatedAt: NOW - QUIET_BEFORE_BUILD_MS + 1 })] })).toBeNull());
  test("the newest of several", () =>
    expect(due({ days: [written("2025-08-01"), ...days, written("2025-09-30")] })).toBe("2025-10"));
  test("none whose file and aggregates are those of its days", () => expect(due({ days, months: [row()] })).toBeNull());
  test("one with a day that was published anew", () =>
    expect(due({ days: [written("2025-10-12", { generation: 2 })], months: [row()] })).toBe("2025-10"));
  test("one whose file is not read any more", () =>
    expect(due({ days, months: [row({ file: null })] })).toBe("2025-10"));
  test("one whose days were all deleted", () =>
    expect(due({ days: [written("2025-10-12", { state: "deleted", file: null })], months: [row()] })).toBe("2025-10"));
  test("none whose build failed just now", () => {
    const failed = (ago: number, attempts: number) => [row({ file: null, attempts, builtAt: NOW - ago })];
    expect(due({ days, months: failed(HOUR_MS - 1, 1) })).toBeNull();
    expect(due({ days, months: failed(HOUR_MS, 1) })).toBe("2025-10");
    expect(due({ days, months: failed(8 * HOUR_MS - 1, 4) })).toBeNull();
    expect(due({ days, months: failed(24 * HOUR_MS, 99) })).toBe("2025-10");
  });
});

describe("the need of a month", () => {
  const wanted = generations({ 12: 1 });
  const other = generations({ 12: 2 });
  const none = generations({});

  test.each([
    ["nothing", "its file and its aggregates are of its days", row(), wanted, true],
    ["file", "it has no row", undefined, wanted, true],
    ["file", "its file is of other days", row({ days: other }), wanted, true],
    ["file", "its list of days is damaged", row({ days: [] }), wanted, true],
    ["file", "the places in it are not known", row({ generation: 2 }), wanted, true],
    ["packing", "its aggregates are of other days", row({ packed: other }), wanted, true],
    ["packing", "the site keeps no month files", undefined, wanted, false],
    [
      "nothing",
      "the site keeps no month files, and all is packed",
      row({ file: null, mayHaveObject: false }),
      wanted,
      false,
    ],
    [
      "removal",
      "an object may be there that is not read, and the site keeps no month files",
      row({ file: null }),
      wanted,
      false,
    ],
    ["removal", "an object may be there of days that are deleted", row({ file: null }), none, true],
    ["removal", "the site keeps no month files any more", row(), wanted, false],
    ["removal", "none of its days has samples any more", row(), none, true],
    [
      "packing",
      "aggregates of its deleted days are packed still",
      row({ file: null, mayHaveObject: false }),
      none,
      true,
    ],
    [
      "nothing",
      "none of its days has samples, and nothing is stored of it",
      row({ file: null, mayHaveObject: false, packed: none }),
      none,
      true,
    ],
    ["nothing", "none of its days has samples, and it has no row", undefined, none, true],
  ] as const)("%s: %s", (need, _, stored, days, keepsFiles) => {
    expect(needOf(stored, days, keepsFiles)).toBe(need);
  });

  test("a day's suspect file is in no month", () => {
    const days = [written("2025-10-12"), written("2025-10-13", { state: "suspect" })];
    expect(due({ days, months: [row()] })).toBeNull();
  });
});
