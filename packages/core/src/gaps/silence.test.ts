import fc from "fast-check";
import { expect, test } from "vitest";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import { findSilences, type KnownHour } from "../domain/silence.ts";
import { hoursToRead, countSamples } from "./silence.ts";

const START = Date.UTC(2025, 9, 12);
const HOURS = 6;
const DOMAIN = { start: START, end: START + HOURS * HOUR_MS };

/** The oracle: compares each sample with the next. */
function naive(times: readonly number[], { start, end }: TimeRange, toleranceMs: number): TimeRange[] {
  const within = times.filter((time) => time >= start && time < end);
  const found: TimeRange[] = [];
  for (let i = -1; i < within.length; i++) {
    const from = within[i] ?? start;
    const to = within[i + 1] ?? end;
    if (to - from > toleranceMs) found.push({ start: i === -1 ? start : from + 1, end: to });
  }
  return found;
}

/** What a scan has: times of the hours to read, and counts of the other hours. */
function knownHours(times: readonly number[], cadenceMs: number, domain: TimeRange): KnownHour[] {
  const byHour = Map.groupBy(times, hourOf);
  const hours = hoursOf(domain);
  const counts = hours.map((hour) => byHour.get(hour)?.length ?? 0);
  const read = new Set(hoursToRead(counts, cadenceMs));
  return hours.flatMap((hour, i) => {
    const timesOfHour = byHour.get(hour);
    if (timesOfHour === undefined) return [];
    return [{ hour, n: timesOfHour.length, times: read.has(i) ? Float64Array.from(timesOfHour) : null }];
  });
}

const holes = fc.array(fc.tuple(fc.nat(HOURS * 60), fc.integer({ min: 1, max: 150 })), { maxLength: 5 });
const cadences = fc.constantFrom(10, 30, 60, 300, 600, 1800, 3600);

function samples(
  cadenceMs: number,
  phase: number,
  cut: readonly (readonly [number, number])[],
  jitter: (i: number) => number,
) {
  const times: number[] = [];
  for (let i = 0, time = START + phase; time < DOMAIN.end; time += cadenceMs, i++) times.push(time + jitter(i));
  const isCut = (time: number) =>
    cut.some(([from, length]) => time >= START + from * 60_000 && time < START + (from + length) * 60_000);
  return times.filter((time) => time < DOMAIN.end && !isCut(time));
}

test("finds exact silences of regular samples from the hours to read alone", () => {
  fc.assert(
    fc.property(cadences, fc.nat(), holes, (seconds, phase, cut) => {
      const cadenceMs = seconds * 1000;
      const times = samples(cadenceMs, phase % cadenceMs, cut, () => 0);
      const hours = knownHours(times, cadenceMs, DOMAIN);
      expect(findSilences(hours, DOMAIN, 3 * cadenceMs)).toEqual(naive(times, DOMAIN, 3 * cadenceMs));
    }),
    { numRuns: 500 },
  );
});

test("finds each silence of four cadences in jittered samples, no false one", () => {
  fc.assert(
    fc.property(
      cadences,
      fc.nat(),
      holes,
      fc.infiniteStream(fc.integer({ min: -1000, max: 1000 })),
      (seconds, phase, cut, stream) => {
        const cadenceMs = seconds * 1000;
        const times = samples(cadenceMs, (phase % cadenceMs) / 2 + cadenceMs / 4, cut, () =>
          Math.round(((stream.next().value ?? 0) / 1000) * (cadenceMs / 4)),
        );
        const found = findSilences(knownHours(times, cadenceMs, DOMAIN), DOMAIN, 3 * cadenceMs);
        const all = naive(times, DOMAIN, 3 * cadenceMs);
        for (const silence of found) expect(all).toContainEqual(silence);
        for (const long of naive(times, DOMAIN, 4.5 * cadenceMs)) expect(found).toContainEqual(long);
      },
    ),
    { numRuns: 300 },
  );
});

test("equals the naive comparison in any part, with all hours read", () => {
  const arbitrary = fc.array(fc.integer({ min: START, max: DOMAIN.end - 1 }), { maxLength: 60 });
  fc.assert(
    fc.property(
      arbitrary,
      fc.nat(HOURS * HOUR_MS),
      fc.integer({ min: 1, max: HOURS * HOUR_MS }),
      (drawn, from, length) => {
        const times = [...new Set(drawn)].sort((a, b) => a - b);
        const domain = { start: START + from, end: Math.min(START + from + length, DOMAIN.end + 1) };
        const hours = [...Map.groupBy(times, hourOf)].map(([hour, timesOfHour]) => {
          return { hour, n: timesOfHour.length, times: Float64Array.from(timesOfHour) };
        });
        expect(findSilences(hours, domain, 600_000)).toEqual(naive(times, domain, 600_000));
        const within = times.filter((time) => time >= domain.start && time < domain.end).length;
        expect(countSamples(hours, [domain])).toBe(within);
      },
    ),
  );
});

test("reads no hour of a regular day, and four hours around an outage", () => {
  const counts = Array.from({ length: 24 }, (_, i) => (i > 9 && i < 14 ? 0 : i === 9 || i === 14 ? 20 : 60));
  expect(
    hoursToRead(
      Array.from({ length: 24 }, () => 60),
      60_000,
    ),
  ).toEqual([]);
  expect(
    hoursToRead(
      Array.from({ length: 24 }, () => 59),
      60_000,
    ),
  ).toEqual([]);
  expect(hoursToRead(counts, 60_000)).toEqual([8, 9, 14, 15]);
});
