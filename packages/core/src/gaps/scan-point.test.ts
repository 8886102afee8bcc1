import fc from "fast-check";
import { expect, test } from "vitest";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { JudgedPoint } from "./judged-points.ts";
import { judgePoint, type ScanScope, planPoint, reachOf, widened } from "./scan-point.ts";
import { intersectRanges } from "./range-set.ts";
import { siteTolerance, splitSilences } from "./site-silence.ts";

const MINUTE_MS = 60_000;
const MIDNIGHT = Date.UTC(2025, 9, 12);
const at = (minutes: number) => MIDNIGHT + minutes * MINUTE_MS;
const range = (start: number, end: number): TimeRange => ({ start: at(start), end: at(end) });

test("the look at a point tells of what a change may have changed, and looks as far around it as a silence may reach", () => {
  const look = {
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
  const planned = (more: Partial<JudgedPoint>) => planPoint(look, { ...point, ...more }, []);
  expect(planned({})).toMatchObject({ told: range(-60, 120), looked: range(-120, 180) });
  expect(planned({ toleranceMs: HOUR_MS })).toMatchObject({ told: range(-60, 120), looked: range(-120, 180) });
  expect(planned({ toleranceMs: 2 * HOUR_MS })).toMatchObject({ told: range(-120, 180), looked: range(-240, 300) });
  expect(planned({ firstSeen: at(-30) })).toMatchObject({ told: range(-30, 120), looked: range(-30, 180) });
  expect(planned({ firstSeen: at(119) })).toMatchObject({ told: range(119, 120), looked: range(119, 180) });
  expect(planned({ firstSeen: at(120) })).toBeNull();
});

const DAYS = 4;
const HOURS = 24 * DAYS;
const DOMAIN = range(0, HOURS * 60);

/** What a look at a part of the domain tells of the site, and of each point's own. */
function lookAt(
  times: readonly (readonly number[])[],
  cadences: readonly number[],
  part: TimeRange,
  domain: TimeRange,
  known: TimeRange[],
) {
  const points = times.map((own, id): JudgedPoint => {
    const counts = Array.from({ length: HOURS }, () => 0);
    for (const time of own) counts[(hourOf(time) - MIDNIGHT) / HOUR_MS]! += 1;
    const cadenceMs = cadences[id]! * MINUTE_MS;
    return { id, name: `p${id}`, firstSeen: own[0]!, cadenceMs, toleranceMs: 3 * cadenceMs, isPromised: true, counts };
  });
  const toleranceMs = siteTolerance(points);
  const siteReachMs = reachOf(toleranceMs);
  const look: ScanScope = { part, domain, siteReachMs, countsFrom: DOMAIN.start, rawHours: new Set(), siteGaps: [] };
  const looked = points.flatMap((point) => {
    const plan = planPoint(look, point, []);
    if (plan === null) return [];
    const hours = new Map(
      plan.toRead.map((hour) => [hour, times[point.id]!.filter((time) => hourOf(time) === hour)] as const),
    );
    const read = new Map([...hours].flatMap(([hour, own]) => (own.length > 0 ? [[hour, Float64Array.from(own)]] : [])));
    return [judgePoint(plan, look, read, [])];
  });
  const told = intersectRanges([widened(part, siteReachMs)], [domain])[0]!;
  const split = splitSilences(
    looked.map((one) => ({ ...one, pointId: one.point.id, toleranceMs: one.point.toleranceMs, dead: [] })),
    toleranceMs,
    told,
    known,
  );
  const own = looked.map((one) => {
    return {
      id: one.point.id,
      told: one.reportedRange,
      silences: intersectRanges(split.points.get(one.point.id)!, [one.reportedRange]),
    };
  });
  return { told, site: split.site, own };
}

const hole = fc.record({
  from: fc.nat(HOURS * 60),
  length: fc.oneof(fc.integer({ min: 5, max: 600 }), fc.integer({ min: 600, max: 1_800 })),
  /** of 5 points, as bits; often all of them */
  points: fc.oneof(fc.constant(31), fc.integer({ min: 1, max: 31 })),
});

test("a look at a part of a day, which knows of the days beside it, tells of each moment what a look at all tells of it", () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(hole, { maxLength: 6 }),
      fc.array(fc.constantFrom(10, 10, 30, 60, 240), { minLength: 5, maxLength: 5 }),
      fc.nat(DAYS - 1),
      fc.nat(23),
      fc.integer({ min: 1, max: 24 }),
      (holes, cadences, day, hour, length) => {
        const times = cadences.map((cadence, point) => {
          const all = Array.from({ length: (HOURS * 60) / cadence }, (_, i) => i * cadence);
          const isSilent = (minute: number) =>
            holes.some(
              (one) => (one.points & (1 << point)) !== 0 && minute >= one.from && minute < one.from + one.length,
            );
          return [0, ...all.filter((minute) => minute > 0 && !isSilent(minute))].map(at);
        });
        const whole = lookAt(times, cadences, DOMAIN, DOMAIN, []);
        const ofDay = (minute: number) => day * 1_440 + minute;
        const part = range(ofDay(hour * 60), ofDay(Math.min(24, hour + length) * 60));
        const [domain] = intersectRanges([range(ofDay(-1_440), ofDay(2_880))], [DOMAIN]);
        const partial = lookAt(times, cadences, part, domain!, [...whole.site]);
        expect(partial.site).toEqual(intersectRanges(whole.site, [partial.told]));
        for (const { id, told, silences } of partial.own) {
          expect(silences).toEqual(intersectRanges(whole.own[id]!.silences, [told]));
          found += silences.length;
        }
        found += partial.site.length;
      },
    ),
    { numRuns: 300 },
  );
  expect(found).toBeGreaterThan(100);
});
