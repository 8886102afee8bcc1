import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import { instantOf, offsetAt, wallOf } from "./zone-time.ts";

const ZONES = ["UTC", "America/Chicago", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"];
const zone = fc.constantFrom(...ZONES);
const instant = fc.integer({ min: Date.UTC(2012, 0, 1), max: Date.UTC(2035, 0, 1) });

describe("clock times of a zone", () => {
  it("equal Temporal's", () => {
    fc.assert(
      fc.property(zone, instant, (id, at) => {
        const there = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(id);
        expect(offsetAt(id, at)).toBe(there.offsetNanoseconds / 1e6);
        const wall = there.toPlainDateTime().toZonedDateTime("UTC").epochMilliseconds;
        expect(wallOf(id, at)).toBe(wall);
      }),
    );
  });

  it("map back to an instant as in Temporal, also where a clock skips or repeats", () => {
    const nearChange = fc.tuple(
      fc.constantFrom(
        Date.UTC(2026, 2, 8, 2),
        Date.UTC(2026, 10, 1, 1),
        Date.UTC(2026, 2, 29, 2),
        Date.UTC(2026, 9, 4, 2),
      ),
      fc.integer({ min: -240, max: 240 }),
    );
    const wall = fc.oneof(
      instant,
      nearChange.map(([at, minutes]) => at + minutes * 60_000),
    );
    fc.assert(
      fc.property(zone, wall, (id, shown) => {
        const plain = Temporal.Instant.fromEpochMilliseconds(shown).toZonedDateTimeISO("UTC").toPlainDateTime();
        const right = plain.toZonedDateTime(id, { disambiguation: "compatible" }).epochMilliseconds;
        expect(instantOf(id, shown)).toBe(right);
      }),
      { numRuns: 300 },
    );
  });
});
