import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import { formatDay, parseDay } from "./calendar.ts";
import { hourSlots } from "./hour-slots.ts";

const CHICAGO = "America/Chicago";
const slotsOf = (zone: string, date: string) => hourSlots(zone, parseDay(date)!);

describe("the hours of a local day", () => {
  it("are 24, except on days of a clock change", () => {
    expect(slotsOf(CHICAGO, "2026-11-03").map(({ hour }) => hour)).toEqual(Array.from({ length: 24 }, (_, i) => i));
    const spring = slotsOf(CHICAGO, "2026-03-08");
    expect(spring).toHaveLength(23);
    expect(spring.some(({ hour }) => hour === 2)).toBe(false);
    const autumn = slotsOf(CHICAGO, "2026-11-01");
    expect(autumn).toHaveLength(25);
    expect(autumn.filter(({ hour }) => hour === 1).map(({ part, parts }) => [part, parts])).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });

  it("are shorter where the clock changes by half an hour", () => {
    const minutes = (date: string) =>
      slotsOf("Australia/Lord_Howe", date).map(({ start, end, hour }) => [hour, (end - start) / 60_000]);
    expect(minutes("2026-04-05").slice(0, 4)).toEqual([
      [0, 60],
      [1, 60],
      [1, 30],
      [2, 60],
    ]);
    expect(minutes("2026-10-04").slice(0, 4)).toEqual([
      [0, 60],
      [1, 60],
      [2, 30],
      [3, 60],
    ]);
  });

  it("fill the day, each within one hour of the clock, as in Temporal", () => {
    const zone = fc.constantFrom(CHICAGO, "UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe");
    const changes = fc.constantFrom("2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04");
    const day = fc.oneof(
      fc.integer({ min: 18_000, max: 22_000 }),
      changes.map((date) => parseDay(date)!),
    );
    fc.assert(
      fc.property(zone, day, (id, which) => {
        const begin = Temporal.PlainDate.from(formatDay(which)).toZonedDateTime(id);
        const slots = hourSlots(id, which);
        expect(slots[0]!.start).toBe(begin.epochMilliseconds);
        expect(slots.at(-1)!.end).toBe(begin.add({ days: 1 }).epochMilliseconds);
        for (const [i, { start, end, hour }] of slots.entries()) {
          if (i > 0) expect(start).toBe(slots[i - 1]!.end);
          for (const at of [start, end - 1]) {
            expect(Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(id).hour).toBe(hour);
          }
        }
      }),
    );
  });
});
