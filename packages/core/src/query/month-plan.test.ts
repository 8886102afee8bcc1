import { describe, expect, test } from "vitest";
import { settled, FIRST, pointDay, points, writtenDay } from "../../test/planned-query.ts";
import type { MonthRow } from "../manifest/month-files.ts";
import { monthDays, monthOf } from "../domain/month.ts";
import { LEAST_DAYS_OF_MONTH, planFiles, workOf } from "../read/cold-plan.ts";
import type { PointDay } from "../read/stored.ts";

// FIRST is 12 October 2025.
const MONTH = monthOf(FIRST);
const { first: FIRST_OF_MONTH } = monthDays(MONTH);
const DAYS = 10;

/** The month's file, of generation 3, holds each day of generation 1. */
const row: MonthRow = {
  month: MONTH,
  file: { key: "month", etag: "m", bytes: 1_000_000, rows: 1 },
  mayHaveObject: true,
  days: Array.from({ length: 31 }, () => 1),
  generation: 3,
  located: 3,
  packed: [],
  instance: null,
  builtAt: 0,
  attempts: 0,
  reason: null,
};

const inMonth = <P extends PointDay>(day: P, generation = 3): P => {
  const { locator } = pointDay(day.pointId, 0, { bytes: 90_000, rows: 44_640 });
  return { ...day, month: { month: MONTH, generation, locator } };
};

/** Ten days of two points, all in the month's file. */
const { days, pointDays } = settled(DAYS, [1, 2], (id, day) => inMonth(pointDay(id, day)));
const plan = (rest: { days?: typeof days; pointDays?: readonly PointDay[]; months?: readonly MonthRow[] }) =>
  planFiles(rest.days ?? days, rest.pointDays ?? pointDays!, points(2), rest.months ?? [row]);

/** Counts of days read from the month's file and from their own files. */
const sources = (files: ReturnType<typeof plan>) => ({
  month: files.filter(({ month }) => month !== null).length,
  days: files.filter(({ month, ranges }) => month === null && ranges.length > 0).length,
  requests: workOf([{ points: points(2), files }]).requests,
});

describe("days read from the month's file", () => {
  test("all days, by one request if their row groups are neighbours", () => {
    expect(sources(plan({}))).toEqual({ month: DAYS, days: 0, requests: 1 });
  });

  test("none without a month row or without its file", () => {
    expect(sources(plan({ months: [] }))).toMatchObject({ month: 0, days: DAYS });
    expect(sources(plan({ months: [{ ...row, file: null }] }))).toMatchObject({ month: 0, days: DAYS });
  });

  test("not a day published since, and not one that the file lacks", () => {
    const changed = days.map((day) => (day.day === FIRST + 3 ? { ...day, generation: 2 } : day));
    expect(sources(plan({ days: changed }))).toMatchObject({ month: DAYS - 1, days: 1 });
    const without = {
      ...row,
      days: row.days.map((generation, i) => (i === FIRST + 4 - FIRST_OF_MONTH ? null : generation)),
    };
    expect(sources(plan({ months: [without] }))).toMatchObject({ month: DAYS - 1, days: 1 });
  });

  test("no suspect day, from any file", () => {
    const suspect = days.map((day) => (day.day === FIRST ? writtenDay(FIRST, { state: "suspect" }) : day));
    expect(sources(plan({ days: suspect }))).toMatchObject({ month: DAYS - 1, days: 0 });
  });

  test("not a day with a point that has no place in this month file", () => {
    const moved = (place: PointDay["month"]) =>
      pointDays!.map((planned) =>
        planned.day === FIRST + 5 && planned.pointId === 2 ? { ...planned, month: place } : planned,
      );
    expect(sources(plan({ pointDays: moved(null) }))).toMatchObject({ month: DAYS - 1, days: 1 });
    const other = inMonth(pointDays![0]!, 2).month;
    expect(sources(plan({ pointDays: moved(other) }))).toMatchObject({ month: DAYS - 1, days: 1 });
  });

  test("none if too few days are needed", () => {
    const few = days.slice(0, LEAST_DAYS_OF_MONTH - 1);
    expect(sources(plan({ days: few }))).toMatchObject({ month: 0, days: few.length });
    const enough = days.slice(0, LEAST_DAYS_OF_MONTH);
    expect(sources(plan({ days: enough }))).toMatchObject({ month: enough.length, days: 0 });
  });

  test("none if D1 keeps almost all days, which need no request", () => {
    const kept = days.map((day, i) => (i < LEAST_DAYS_OF_MONTH - 1 ? day : { ...day, keptId: i }));
    const files = plan({ days: kept });
    expect(sources(files)).toMatchObject({ month: 0, days: LEAST_DAYS_OF_MONTH - 1 });
    expect(files.filter((file) => file.kept !== null)).toHaveLength(DAYS - LEAST_DAYS_OF_MONTH + 1);
  });

  test("none if the places in it contradict each other", () => {
    const { locator } = pointDay(1, 0, { bytes: 90_000, rows: 44_640 });
    const torn = pointDays!.map((planned) =>
      planned.pointId === 2
        ? {
            ...planned,
            month: {
              month: MONTH,
              generation: 3,
              locator: { ...locator, group: { ...locator.group, offset: locator.group.offset + 1 } },
            },
          }
        : planned,
    );
    expect(sources(plan({ pointDays: torn }))).toMatchObject({ month: 0, days: DAYS });
  });
});
