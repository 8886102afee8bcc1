import { expect, test } from "vitest";
import { dayRange } from "../domain/day.ts";
import { changedPart, parseFingerprint, fingerprintOf } from "./day-fingerprint.ts";

const DAY = 20_000;
const KNOWN = dayRange(DAY);
const HOUR_MS = 3_600_000;

test("changed hours change part of a day, a new first sample all of it", () => {
  const hotHour = (index: number, version: number) => ({
    hour: KNOWN.start + index * HOUR_MS,
    version,
    isRolledUp: true,
  });
  const hours = [hotHour(3, 1), hotHour(4, 1)];
  const before = fingerprintOf(KNOWN, null, hours, [2, 500]);
  const changed = (now: typeof before) => changedPart(DAY, KNOWN, parseFingerprint(JSON.stringify(before)), now);
  expect(changed(before)).toBeNull();
  const later = fingerprintOf(KNOWN, null, [hotHour(3, 1), hotHour(4, 2)], [2, 500]);
  expect(changed(later)).toEqual({ start: KNOWN.start + 4 * HOUR_MS, end: KNOWN.start + 5 * HOUR_MS });
  // one more point, with its first sample at midnight; then a point whose first sample moved earlier
  for (const firstSeen of [
    [3, 500],
    [2, 400],
  ] as const) {
    expect(changed(fingerprintOf(KNOWN, null, hours, [...firstSeen]))).toEqual(KNOWN);
  }
  expect(changedPart(DAY, KNOWN, null, before)).toEqual(KNOWN);
});

test("parses no fingerprint of another form", () => {
  expect(parseFingerprint(JSON.stringify({ file: [1, "written"], hours: { 3: 1 }, until: KNOWN.end }))).toBeNull();
});
