import { describe, expect, test } from "vitest";
import { settled, FIRST, pointDay, points } from "../../test/planned-query.ts";
import { planFiles, workOf } from "./cold-plan.ts";
import type { PointDay } from "./stored.ts";

describe("contradictory locators", () => {
  const base = pointDay(1, FIRST);
  const group = base.locator.group;
  const at = (offset: number, nameBytes = group.nameBytes): PointDay => {
    return {
      pointId: 2,
      day: FIRST,
      month: null,
      locator: { ...base.locator, group: { ...group, offset, nameBytes } },
    };
  };
  test.each<[string, PointDay, string]>([
    ["not legible", { ...base, pointId: 2, locator: null }, "the locator of a point is not legible"],
    ["within another row group", at(group.offset + 1), `row groups overlap at byte ${group.offset + 1}`],
    ["another extent at the same place", at(group.offset, 5), `locators contradict each other at byte ${group.offset}`],
  ])("%s: reads nothing of that day, and all of the others", (_, pointDayOfTwo, fault) => {
    const { days, pointDays } = settled(2, [1]);
    const files = planFiles(days, [...pointDays!, pointDayOfTwo], points(2));
    expect(files.map((read) => [read.from.day, read.ranges.length, read.fault])).toEqual([
      [FIRST, 0, fault],
      [FIRST + 1, 1, null],
    ]);
    expect(workOf([{ points: points(2), files }]).requests).toBe(1);
  });
});
