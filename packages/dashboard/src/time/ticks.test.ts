import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ticksOf } from "./ticks.ts";
import { wallOf } from "./zone-time.ts";

const HOUR = 3_600_000;
const CHICAGO = "America/Chicago";
const clock = (zone: string, ticks: readonly number[]) =>
  ticks.map((tick) => new Date(wallOf(zone, tick)).toISOString().slice(5, 16));

describe("the marks of a time axis", () => {
  it("are at round times of the site's clock", () => {
    const start = Date.UTC(2026, 5, 1, 3, 20);
    expect(clock(CHICAGO, ticksOf(CHICAGO, start, start + 24 * HOUR, 7))).toEqual([
      "06-01T00:00",
      "06-01T04:00",
      "06-01T08:00",
      "06-01T12:00",
      "06-01T16:00",
      "06-01T20:00",
    ]);
    expect(clock("Asia/Kathmandu", ticksOf("Asia/Kathmandu", start, start + HOUR, 4))).toEqual([
      "06-01T09:15",
      "06-01T09:30",
      "06-01T09:45",
      "06-01T10:00",
    ]);
  });

  it("stay at midnight over a change of the clock", () => {
    const ticks = ticksOf(CHICAGO, Date.UTC(2026, 9, 30, 5), Date.UTC(2026, 10, 4, 6), 8);
    expect(clock(CHICAGO, ticks)).toEqual(
      ["10-30", "10-31", "11-01", "11-02", "11-03", "11-04"].map((d) => `${d}T00:00`),
    );
    expect(ticks[3]! - ticks[2]!).toBe(25 * HOUR);
  });

  it("show a repeated hour twice, and omit a skipped one", () => {
    const autumn = ticksOf(CHICAGO, Date.UTC(2026, 10, 1, 5), Date.UTC(2026, 10, 1, 9), 6);
    expect(clock(CHICAGO, autumn).map((text) => text.slice(6))).toEqual(["00:00", "01:00", "01:00", "02:00", "03:00"]);
    const spring = ticksOf(CHICAGO, Date.UTC(2026, 2, 8, 6), Date.UTC(2026, 2, 8, 9), 6);
    expect(clock(CHICAGO, spring).map((text) => text.slice(6))).toEqual(
      expect.arrayContaining(["00:00", "01:00", "03:00", "04:00"]),
    );
  });

  it("start weeks on Mondays and months on their first", () => {
    const weeks = ticksOf(CHICAGO, Date.UTC(2026, 8, 1), Date.UTC(2026, 9, 20), 8);
    expect(weeks.map((tick) => new Date(wallOf(CHICAGO, tick)).getUTCDay())).toEqual(weeks.map(() => 1));
    const year = ticksOf(CHICAGO, Date.UTC(2025, 10, 20), Date.UTC(2026, 10, 20), 13);
    expect(clock(CHICAGO, year)).toEqual(
      ["12", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11"].map((month) => `${month}-01T00:00`),
    );
  });

  it("are ascending, in the range and not too many, in any zone at any scale", () => {
    const zone = fc.constantFrom("UTC", CHICAGO, "Australia/Lord_Howe", "Asia/Kolkata");
    const span = fc.integer({ min: 12, max: 37 }).map((power) => 2 ** power);
    fc.assert(
      fc.property(zone, fc.integer({ min: 1.4e12, max: 1.9e12 }), span, (id, start, ms) => {
        const ticks = ticksOf(id, start, start + ms, 8);
        expect(ticks).toEqual([...new Set(ticks)].sort((a, b) => a - b));
        expect(ticks.every((tick) => tick >= start && tick <= start + ms)).toBe(true);
        expect(ticks.length).toBeLessThanOrEqual(11);
      }),
    );
  });
});
