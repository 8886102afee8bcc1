import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BUCKET_MS } from "../domain/interval.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { clockAt, DAY, HOUR, MINUTE, offsetAt, transitions, ZONES } from "../../test/zone-clock.ts";
import { bucketBounds, type BucketInterval, isMadeOfHours } from "./buckets.ts";

const isTransition = (zone: string, time: number) => offsetAt(zone, time) !== offsetAt(zone, time - 1);
const unitAt = (zone: string, time: number, length: number) => Math.floor(clockAt(zone, time) / length);

/** Ranges of at most `days`, most of them around a clock change. */
function ranges(zone: string, days: number): fc.Arbitrary<TimeRange> {
  const anyTime = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2027, 0, 1) });
  const changes = transitions(zone);
  const nearby = fc.oneof(fc.integer({ min: -2 * DAY, max: 2 * DAY }), fc.constantFrom(-1, 0, 1, -HOUR, HOUR / 2));
  const change = changes.length === 0 ? anyTime : fc.constantFrom(...changes);
  const nearChange = fc.tuple(change, nearby).map(([at, near]) => at + near);
  const start = fc.oneof({ weight: 1, arbitrary: anyTime }, { weight: 3, arbitrary: nearChange });
  const length = fc.oneof(fc.integer({ min: 1, max: 3 * HOUR }), fc.integer({ min: 1, max: days * DAY }));
  return fc.tuple(start, length).map(([from, ms]) => ({ start: from, end: from + ms }));
}

describe.each(ZONES)("%s", (zone) => {
  const changes = transitions(zone);
  test.each([
    ["1min", 1, MINUTE],
    ["5min", 1, 5 * MINUTE],
    ["15min", 2, 15 * MINUTE],
    ["30min", 3, 30 * MINUTE],
    ["1hr", 5, HOUR],
    ["1day", 40, DAY],
  ] as const)("%s: covers the range with whole units of the zone's clock", (interval, days, length) => {
    fc.assert(
      fc.property(ranges(zone, days), (range) => {
        const bounds = [...bucketBounds(range, interval, zone)];
        expect(bounds[0]!).toBeLessThanOrEqual(range.start);
        expect(bounds[1]!).toBeGreaterThan(range.start);
        expect(bounds.at(-2)!).toBeLessThan(range.end);
        expect(bounds.at(-1)!).toBeGreaterThanOrEqual(range.end);
        for (const [i, bound] of bounds.entries()) {
          // Few matchers, because there are thousands of bounds.
          if (i > 0 && bound <= bounds[i - 1]!) throw new Error(`not ascending at ${bound}`);
          const isWhole = clockAt(zone, bound) % length === 0 && Number.isInteger(bound / 1000);
          if (!isWhole && !isTransition(zone, bound)) throw new Error(`${bound} is not the start of a unit`);
          // A clock may change within five minutes: St John's did at 00:01. Buckets of minutes do not follow it.
          if (i === 0 || length < HOUR) continue;
          const [first, last] = [unitAt(zone, bounds[i - 1]!, length), unitAt(zone, bound - 1, length)];
          // Until 2011 the clocks of St. John's changed a minute after midnight, within a unit of five minutes.
          const isCut = length < HOUR && changes.some((change) => change > bounds[i - 1]! && change < bound);
          if (first !== last && !isCut) throw new Error(`more than one unit in [${bounds[i - 1]}, ${bound})`);
        }
      }),
      { numRuns: interval === "1hr" || interval === "1day" ? 25 : 5 },
    );
  });

  test.each([
    ["1week", (clock: number) => new Date(clock).getUTCDay() === 1],
    ["1month", (clock: number) => new Date(clock).getUTCDate() === 1],
  ] as const)("%s: begins with the zone's first day", (interval, isFirst) => {
    fc.assert(
      fc.property(ranges(zone, 400), (range) => {
        const bounds = [...bucketBounds(range, interval, zone)];
        const days = bucketBounds({ start: bounds[0]!, end: bounds.at(-1)! + 1 }, "1day", zone);
        expect(bounds[0]!).toBeLessThanOrEqual(range.start);
        expect(bounds[1]!).toBeGreaterThan(range.start);
        expect(bounds.at(-2)!).toBeLessThan(range.end);
        expect(bounds.at(-1)!).toBeGreaterThanOrEqual(range.end);
        const firsts = [...days.subarray(0, -1)].filter((day) => isFirst(clockAt(zone, day)));
        expect(firsts).toEqual(bounds);
      }),
      { numRuns: 15 },
    );
  });

  test.each([
    ["30min", 3],
    ["1hr", 4],
    ["1day", 30],
    ["1week", 60],
    ["1month", 200],
  ] as const)("%s: part of a range has the same buckets as the whole range", (interval, days) => {
    const part = fc.tuple(fc.nat(1000), fc.nat(1000));
    fc.assert(
      fc.property(ranges(zone, days), part, (range, [a, b]) => {
        const span = range.end - range.start - 1;
        const start = range.start + Math.floor((span * Math.min(a, b)) / 1000);
        const end = range.start + Math.floor((span * Math.max(a, b)) / 1000) + 1;
        const whole = [...bucketBounds(range, interval, zone)];
        const touched = whole.filter((bound, i) => bound < end && (whole[i + 1] ?? Number.NEGATIVE_INFINITY) > start);
        const last = whole[whole.indexOf(touched.at(-1)!) + 1];
        expect([...bucketBounds({ start, end }, interval, zone)]).toEqual([...touched, last]);
      }),
      { numRuns: 40 },
    );
  });
});

test("buckets consist of whole UTC hours if isMadeOfHours says so", () => {
  const always = ["UTC", "America/Chicago", "Europe/Berlin", "Antarctica/Troll"];
  const others = ["Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kolkata", "Asia/Tehran", "America/St_Johns"];
  let halves = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...always, ...others),
      fc.date({ min: new Date("2015-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }),
      fc.integer({ min: 1, max: 40 * 24 * HOUR }),
      fc.constantFrom("1hr", "1day", "1week", "1month"),
      (zone, date, length, interval) => {
        const range = { start: date.getTime(), end: date.getTime() + length };
        // A month begins long before its range, where the zone may have another offset.
        const inRange = (bound: number) => bound >= range.start && bound <= range.end;
        const bounds = bucketBounds(range, interval, zone);
        const isWhole = bounds.every((bound) => bound % HOUR === 0 || !inRange(bound));
        if (isMadeOfHours(range, zone)) expect(isWhole).toBe(true);
        else if (!bounds.every((bound) => bound % HOUR === 0)) halves++;
        if (always.includes(zone)) expect(isMadeOfHours(range, zone)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
  expect(halves).toBeGreaterThan(20);
});

/** The bucket lengths in hours between two UTC times. */
function lengths(zone: string, interval: BucketInterval, start: string, end: string): number[] {
  const bounds = bucketBounds({ start: Date.parse(start), end: Date.parse(end) }, interval, zone);
  return Array.from(bounds.subarray(1), (bound, i) => (bound - bounds[i]!) / HOUR);
}

test.each([
  ["Chicago, spring", "America/Chicago", "2025-03-08T06:00Z", "2025-03-11T05:00Z", [24, 23, 24]],
  ["Chicago, autumn", "America/Chicago", "2025-11-01T05:00Z", "2025-11-04T06:00Z", [24, 25, 24]],
  ["Berlin, spring", "Europe/Berlin", "2025-03-29T23:00Z", "2025-03-30T22:00Z", [23]],
  ["Berlin, autumn", "Europe/Berlin", "2025-10-25T22:00Z", "2025-10-26T23:00Z", [25]],
  ["half an hour: Lord Howe, autumn", "Australia/Lord_Howe", "2025-04-05T13:00Z", "2025-04-07T13:30Z", [24.5, 24]],
  ["half an hour: Lord Howe, spring", "Australia/Lord_Howe", "2025-10-04T13:30Z", "2025-10-05T13:00Z", [23.5]],
  ["two hours: Troll, spring", "Antarctica/Troll", "2025-03-30T00:00Z", "2025-03-30T22:00Z", [22]],
  ["two hours: Troll, autumn", "Antarctica/Troll", "2025-10-25T22:00Z", "2025-10-27T00:00Z", [26]],
  ["a quarter: Chatham", "Pacific/Chatham", "2025-09-26T11:15Z", "2025-09-28T10:15Z", [24, 23]],
  ["no midnight: São Paulo", "America/Sao_Paulo", "2018-11-03T03:00Z", "2018-11-05T02:00Z", [24, 23]],
  ["midnight back to 23:00: São Paulo", "America/Sao_Paulo", "2018-02-17T02:00Z", "2018-02-19T03:00Z", [25, 24]],
  ["no midnight: Tehran", "Asia/Tehran", "2022-03-20T20:30Z", "2022-03-22T19:30Z", [24, 23]],
  ["Ramadan: Casablanca", "Africa/Casablanca", "2025-02-22T23:00Z", "2025-02-24T00:00Z", [25]],
  ["a skipped day: Apia", "Pacific/Apia", "2011-12-29T10:00Z", "2011-12-31T10:00Z", [24, 24]],
  ["two midnights: Havana", "America/Havana", "2025-11-02T04:00Z", "2025-11-04T05:00Z", [25, 24]],
])("days of %s", (_, zone, start, end, hours) => {
  expect(lengths(zone, "1day", start, end)).toEqual(hours);
});

test("a repeated evening belongs to the day that has begun: St John's", () => {
  // At 00:01 on 7 November the clock went back to 23:01 on the 6th.
  const bounds = ["2010-11-06T02:30Z", "2010-11-07T02:30Z", "2010-11-08T03:30Z"].map((text) => Date.parse(text));
  const inEvening = Date.parse("2010-11-07T03:00Z");
  const days = (start: number) => [...bucketBounds({ start, end: bounds[2]! }, "1day", "America/St_Johns")];
  expect(days(bounds[0]!)).toEqual(bounds);
  expect(days(inEvening)).toEqual(bounds.slice(1));
});

test.each([
  ["a repeated hour: two buckets", "America/Chicago", "2025-11-02T05:00Z", "2025-11-02T09:00Z", [1, 1, 1, 1]],
  ["half an hour repeated", "Australia/Lord_Howe", "2025-04-05T14:00Z", "2025-04-05T16:30Z", [1, 0.5, 1]],
  ["half an hour skipped", "Australia/Lord_Howe", "2025-10-04T14:30Z", "2025-10-04T17:00Z", [1, 0.5, 1]],
  ["quarters", "Asia/Kathmandu", "2025-06-01T00:00Z", "2025-06-01T01:00Z", [1, 1]],
])("hours, %s", (_, zone, start, end, hours) => {
  expect(lengths(zone, "1hr", start, end)).toEqual(hours);
});

test("minutes are equal in every zone, also before 1970", () => {
  for (const interval of ["1min", "5min", "15min"] as const) {
    const length = BUCKET_MS[interval];
    for (const zone of ZONES) {
      expect([...bucketBounds({ start: -1, end: length + 1 }, interval, zone)]).toEqual([
        -length,
        0,
        length,
        2 * length,
      ]);
    }
  }
});
