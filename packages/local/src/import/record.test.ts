import { expect, test } from "vitest";
import { type RawRecord, sampleOf } from "./record.ts";

const NOW = Date.UTC(2026, 10, 23);
const names = { site_name: "s", point_name: "p" };
const TIME = Date.UTC(2025, 9, 12, 14, 50, 36);

test.each([
  [TIME / 1000, TIME],
  [TIME / 1000 + 0.25, TIME + 250],
  [TIME, TIME],
  [BigInt(TIME / 1000), TIME],
  [BigInt(TIME), TIME],
  [String(TIME / 1000), TIME],
  [new Date(TIME), TIME],
  ["2025-10-12T14:50:36Z", TIME],
  ["2025-10-12 14:50:36.007", TIME + 7],
  ["2025-10-12T09:50:36-05:00", TIME],
  [0, 0],
])("the time %s is %d", (timestamp, time) => {
  expect(sampleOf({ ...names, timestamp, value: "71.5" }, NOW)).toEqual({ site: "s", point: "p", time, value: 71.5 });
});

test.each<[RawRecord, string]>([
  [{ ...names, timestamp: 1, value: null }, "null"],
  [{ ...names, timestamp: 1 }, "null"],
  [{ ...names, timestamp: 1, value: "on" }, "non_numeric"],
  [{ ...names, timestamp: 1, value: Number.NaN }, "non_finite"],
  [{ ...names, timestamp: -1, value: 1 }, "bad_time"],
  [{ ...names, timestamp: null, value: 1 }, "bad_time"],
  [{ ...names, timestamp: "2025-02-30T00:00:00Z", value: 1 }, "bad_time"],
  [{ ...names, timestamp: NOW / 1000 + 601, value: 1 }, "future"],
  [{ ...names, timestamp: 1e15, value: 1 }, "future"],
  [{ site_name: "s", timestamp: 1, value: 1 }, "malformed"],
  [{ site_name: "", point_name: "p", timestamp: 1, value: 1 }, "malformed"],
  [{ site_name: "s", point_name: "\ud800", timestamp: 1, value: 1 }, "malformed"],
  [{ site_name: 5, point_name: "p", timestamp: 1, value: 1 }, "malformed"],
  [{}, "malformed"],
  [{ ...names, timestamp: 1, value: { value: 72 } }, "non_numeric"],
  [{ ...names, timestamp: 1, value: [72] }, "non_numeric"],
  [{ ...names, timestamp: 1, value: new Uint8Array([55, 50]) }, "non_numeric"],
  [{ ...names, timestamp: { seconds: 1 }, value: 1 }, "bad_time"],
  [{ ...names, timestamp: [1], value: 1 }, "bad_time"],
  [{ ...names, timestamp: true, value: 1 }, "bad_time"],
  [{ ...names, point_name: { name: "p" }, timestamp: 1, value: 1 }, "malformed"],
])("%j is no sample: %s", (record, reason) => {
  expect(sampleOf(record, NOW)).toBe(reason);
});
