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
const generations = (byDay: Readonly<Record<number, number>>) =>
  Array.from({ length: 31 }, (_, i) => byDay[i + 1] ?? null);

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

  test("an ended month with a day's file and no row", () => expect(due({ days })).toBe("2025-10"));
  test("none without any built day", () => expect(due({})).toBeNull());
  test("none before the month has ended", () => expect(due({ days: [written("2025-11-02")] })).toBeNull());
  test("none while a day is not settled", () =>
    expect(due({ days, unsettled: new Set([day("2025-10-31")]) })).toBeNull());
  test("an ended month although days of other months are not settled", () =>
    expect(due({ days, unsettled: new Set([day("2025-09-30"), day("2025-11-01")]) })).toBe("2025-10"));
  test("none right after a day was published", () =>
    expect(due({ days: [...days, written("2025-10-13", { updatedAt: NOW - QUIET_BEFORE_BUILD_MS + 1 })] })).toBeNull());
  test("the newest of several", () =>
    expect(due({ days: [written("2025-08-01"), ...days, written("2025-09-30")] })).toBe("2025-10"));
  test("none if file and aggregates equal the days", () => expect(due({ days, months: [row()] })).toBeNull());
  test("a month with a day that was published again", () =>
    expect(due({ days: [written("2025-10-12", { generation: 2 })], months: [row()] })).toBe("2025-10"));
  test("a month whose file is no longer read", () =>
    expect(due({ days, months: [row({ file: null })] })).toBe("2025-10"));
  test("a month whose days were all deleted", () =>
    expect(due({ days: [written("2025-10-12", { state: "deleted", file: null })], months: [row()] })).toBe("2025-10"));
  test("none right after a failed build, until its delay is over", () => {
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
    ["nothing", "its file and its aggregates equal its days", row(), wanted, true],
    ["file", "it has no row", undefined, wanted, true],
    ["file", "its file is of other days", row({ days: other }), wanted, true],
    ["file", "its list of days is damaged", row({ days: [] }), wanted, true],
    ["file", "its locators are not known", row({ generation: 2 }), wanted, true],
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
      "R2 may have an object that is not read, and the site keeps no month files",
      row({ file: null }),
      wanted,
      false,
    ],
    ["removal", "R2 may have an object of deleted days", row({ file: null }), none, true],
    ["removal", "the site no longer keeps month files", row(), wanted, false],
    ["removal", "none of its days has samples any more", row(), none, true],
    [
      "packing",
      "aggregates of its deleted days are still packed",
      row({ file: null, mayHaveObject: false }),
      none,
      true,
    ],
    [
      "nothing",
      "no day has samples, and nothing of it is stored",
      row({ file: null, mayHaveObject: false, packed: none }),
      none,
      true,
    ],
    ["nothing", "no day has samples, and it has no row", undefined, none, true],
  ] as const)("%s: %s", (need, _, stored, days, keepsFiles) => {
    expect(needOf(stored, days, keepsFiles)).toBe(need);
  });

  test("a day's suspect file is in no month", () => {
    const days = [written("2025-10-12"), written("2025-10-13", { state: "suspect" })];
    expect(due({ days, months: [row()] })).toBeNull();
  });
});
