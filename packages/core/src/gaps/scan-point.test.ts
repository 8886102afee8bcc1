import fc from "fast-check";
import { expect, test } from "vitest";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { JudgedPoint } from "./judged-points.ts";
import { scanPoint, type ScanScope, planPoint, reachOf, widened } from "./scan-point.ts";
import { intersectRanges } from "./range-set.ts";
import { siteTolerance, splitSilences } from "./site-silence.ts";

const MINUTE_MS = 60_000;
const MIDNIGHT = Date.UTC(2025, 9, 12);
const at = (minutes: number) => MIDNIGHT + minutes * MINUTE_MS;
const range = (start: number, end: number): TimeRange => ({ start: at(start), end: at(end) });

test("a point's plan reports the range that a change can affect", () => {
  const scope = {
    part: range(0, 60),
    domain: range(-600, 900),
    siteReachMs: HOUR_MS,
    countsFrom: at(-1440),
    rawHours: new Set<number>(),
    siteGaps: [],
  };
  const counts = Array.from({ length: 48 }, () => 6);
  const point = {
    id: 7,
    name: "p",
    cadenceMs: 600_000,
    toleranceMs: 30 * MINUTE_MS,
    isPromised: true,
    counts,
    firstSeen: at(-6_000),
  };
  const planned = (changes: Partial<JudgedPoint>) => planPoint(scope, { ...point, ...changes }, []);
  expect(planned({})).toMatchObject({ reportedRange: range(-60, 120), scannedRange: range(-120, 180) });
  expect(planned({ toleranceMs: HOUR_MS })).toMatchObject({
    reportedRange: range(-60, 120),
    scannedRange: range(-120, 180),
  });
  expect(planned({ toleranceMs: 2 * HOUR_MS })).toMatchObject({
    reportedRange: range(-120, 180),
    scannedRange: range(-240, 300),
  });
  expect(planned({ firstSeen: at(-30) })).toMatchObject({
    reportedRange: range(-30, 120),
    scannedRange: range(-30, 180),
  });
  expect(planned({ firstSeen: at(119) })).toMatchObject({
    reportedRange: range(119, 120),
    scannedRange: range(119, 180),
  });
  expect(planned({ firstSeen: at(120) })).toBeNull();
});

const DAYS = 4;
const HOURS = 24 * DAYS;
const DOMAIN = range(0, HOURS * 60);

/** Scans part of the domain. Returns the silences of the site and of each point, with their reported ranges. */
function scanPart(
  times: readonly (readonly number[])[],
  cadences: readonly number[],
  part: TimeRange,
  domain: TimeRange,
  known: TimeRange[],
) {
  const points = times.map((pointTimes, id): JudgedPoint => {
    const counts = Array.from({ length: HOURS }, () => 0);
    for (const time of pointTimes) counts[(hourOf(time) - MIDNIGHT) / HOUR_MS]! += 1;
    const cadenceMs = cadences[id]! * MINUTE_MS;
    return {
      id,
      name: `p${id}`,
      firstSeen: pointTimes[0]!,
      cadenceMs,
      toleranceMs: 3 * cadenceMs,
      isPromised: true,
      counts,
    };
  });
  const toleranceMs = siteTolerance(points);
  const siteReachMs = reachOf(toleranceMs);
  const scope: ScanScope = { part, domain, siteReachMs, countsFrom: DOMAIN.start, rawHours: new Set(), siteGaps: [] };
  const scans = points.flatMap((point) => {
    const plan = planPoint(scope, point, []);
    if (plan === null) return [];
    const hours = new Map(
      plan.toRead.map((hour) => [hour, times[point.id]!.filter((time) => hourOf(time) === hour)] as const),
    );
    const read = new Map(
      [...hours].flatMap(([hour, inHour]) => (inHour.length > 0 ? [[hour, Float64Array.from(inHour)]] : [])),
    );
    return [scanPoint(plan, scope, read, [])];
  });
  const reportedRange = intersectRanges([widened(part, siteReachMs)], [domain])[0]!;
  const split = splitSilences(
    scans.map((scan) => ({ ...scan, pointId: scan.point.id, toleranceMs: scan.point.toleranceMs, dead: [] })),
    toleranceMs,
    reportedRange,
    known,
  );
  const perPoint = scans.map((scan) => {
    return {
      id: scan.point.id,
      reportedRange: scan.reportedRange,
      silences: intersectRanges(split.points.get(scan.point.id)!, [scan.reportedRange]),
    };
  });
  return { reportedRange, site: split.site, perPoint };
}

const anyHole = fc.record({
  from: fc.nat(HOURS * 60),
  length: fc.oneof(fc.integer({ min: 5, max: 600 }), fc.integer({ min: 600, max: 1_800 })),
  /** bit mask of 5 points; often all of them */
  points: fc.oneof(fc.constant(31), fc.integer({ min: 1, max: 31 })),
});

test("a scan of part of a day reports the same gaps as a scan of all days", () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(anyHole, { maxLength: 6 }),
      fc.array(fc.constantFrom(10, 10, 30, 60, 240), { minLength: 5, maxLength: 5 }),
      fc.nat(DAYS - 1),
      fc.nat(23),
      fc.integer({ min: 1, max: 24 }),
      (holes, cadences, day, hour, length) => {
        const times = cadences.map((cadence, point) => {
          const all = Array.from({ length: (HOURS * 60) / cadence }, (_, i) => i * cadence);
          const isSilent = (minute: number) =>
            holes.some(
              (hole) => (hole.points & (1 << point)) !== 0 && minute >= hole.from && minute < hole.from + hole.length,
            );
          return [0, ...all.filter((minute) => minute > 0 && !isSilent(minute))].map(at);
        });
        const whole = scanPart(times, cadences, DOMAIN, DOMAIN, []);
        const minuteOfDomain = (minute: number) => day * 1_440 + minute;
        const part = range(minuteOfDomain(hour * 60), minuteOfDomain(Math.min(24, hour + length) * 60));
        const [domain] = intersectRanges([range(minuteOfDomain(-1_440), minuteOfDomain(2_880))], [DOMAIN]);
        const partial = scanPart(times, cadences, part, domain!, [...whole.site]);
        expect(partial.site).toEqual(intersectRanges(whole.site, [partial.reportedRange]));
        for (const { id, reportedRange, silences } of partial.perPoint) {
          expect(silences).toEqual(intersectRanges(whole.perPoint[id]!.silences, [reportedRange]));
          found += silences.length;
        }
        found += partial.site.length;
      },
    ),
    { numRuns: 300 },
  );
  expect(found).toBeGreaterThan(100);
});
