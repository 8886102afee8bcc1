import { clockAt, DAY, HOUR, offsetAt, ZONES } from "@building-vitals/core/test/zone-clock";
import fc from "fast-check";
import { expect, test } from "vitest";
import { localTexts, utcTexts } from "./clock-text.ts";

const someTimes = fc
  .tuple(
    fc.integer({ min: Date.UTC(1972, 6), max: Date.UTC(2100, 0) }),
    fc.array(fc.oneof(fc.integer({ min: 0, max: 200 * DAY }), fc.integer({ min: 0, max: 2 * HOUR })), {
      maxLength: 30,
    }),
  )
  .map(([start, offsets]) => offsets.map((offset) => start + offset));

test("UTC texts are those of Date", () => {
  fc.assert(
    fc.property(someTimes, (times) => {
      const write = utcTexts();
      expect(times.map(write)).toEqual(times.map((time) => new Date(time).toISOString()));
    }),
  );
});

test.each(ZONES)("local texts show the clock of %s and its offset, in any order of times", (zone) => {
  fc.assert(
    fc.property(someTimes, (times) => {
      const write = localTexts({ start: Math.min(0, ...times), end: Math.max(1, ...times) + 1 }, zone);
      for (const time of times) {
        const text = write(time);
        expect(Date.parse(text)).toBe(time);
        const offset = offsetAt(zone, time) / 60_000;
        const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
        const sign = offset < 0 ? "-" : "+";
        const suffix = `${sign}${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`;
        const shown = new Date(clockAt(zone, time) + (time % 1000)).toISOString().slice(0, -1);
        expect(text).toBe(`${shown}${suffix}`);
      }
    }),
    { numRuns: 20 },
  );
});
