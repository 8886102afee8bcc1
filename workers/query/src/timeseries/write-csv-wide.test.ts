import type { ShapedSeries } from "@building-vitals/core/query/shape";
import { expect, test } from "vitest";
import { writeWideCsv } from "./write-csv-wide.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2025, 10, 2, 5);
const ZONE = "America/Chicago";

function series(name: string, hours: readonly number[], rest: Partial<ShapedSeries> = {}): ShapedSeries {
  const point = { id: 1, name, unit: "°F", cadenceMs: null };
  const times = Float64Array.from(hours, (hour) => START + hour * HOUR);
  return { point, unit: "°F", times, values: times.map((_, i) => i + 0.5), ...rest };
}

function lines(all: readonly ShapedSeries[], bounds: readonly number[] | null): string[] {
  const range = { start: START, end: START + 4 * HOUR };
  const own = bounds === null ? null : Float64Array.from(bounds, (hour) => START + hour * HOUR);
  const text = Buffer.concat([...writeWideCsv(all, { range, timeZone: ZONE, bounds: own }, true)]).toString();
  return text.split("\r\n").slice(0, -1);
}

test("a row a bucket, a column a series; the clock goes back", () => {
  const labelled = { point: { id: 2, name: "ahu/2", label: "Supply, air", unit: null, cadenceMs: null }, unit: null };
  expect(lines([series("ahu/temp", [0, 2]), series("ahu/2", [1, 2], labelled)], [0, 1, 2, 3])).toEqual([
    'start,end,local_start,temp [°F] avg,"Supply, air avg"',
    "2025-11-02T05:00:00.000Z,2025-11-02T06:00:00.000Z,2025-11-02T00:00:00.000-05:00,0.5,",
    "2025-11-02T06:00:00.000Z,2025-11-02T07:00:00.000Z,2025-11-02T01:00:00.000-05:00,,0.5",
    "2025-11-02T07:00:00.000Z,2025-11-02T08:00:00.000Z,2025-11-02T01:00:00.000-06:00,1.5,1.5",
  ]);
});

test("raw: a row for each time of any series, without an end", () => {
  const values = Float64Array.of(Number.NaN, -0);
  expect(lines([series("a", [0, 1], { values }), series("b", [0.5])], null)).toEqual([
    "start,end,local_start,a [°F],b [°F]",
    "2025-11-02T05:00:00.000Z,,2025-11-02T00:00:00.000-05:00,,",
    "2025-11-02T05:30:00.000Z,,2025-11-02T00:30:00.000-05:00,,0.5",
    "2025-11-02T06:00:00.000Z,,2025-11-02T01:00:00.000-05:00,-0,",
  ]);
});

test("equal headings get the whole names", () => {
  const [heading] = lines([series("ahu/1/temp", []), series("ahu/2/temp", []), series("ahu/2/=flow", [])], null);
  expect(heading).toBe("start,end,local_start,temp [°F] (ahu/1/temp),temp [°F] (ahu/2/temp),'=flow [°F]");
});

test("the aggregate is that of the series; further aggregates, flags and filled values follow it", () => {
  const more = [
    { name: "peak", values: Float64Array.of(9) },
    { name: "count", values: Int32Array.of(4) },
    { name: "flags", values: ["reset;=1"] },
  ];
  const filled = Uint8Array.of(1);
  const one = series("meter", [0], { facts: { agg: "delta" }, more, filled, min: Float64Array.of(1) });
  expect(lines([one], [0, 1])).toEqual([
    "start,end,local_start,meter [°F] delta,meter peak,meter flags,meter filled",
    `2025-11-02T05:00:00.000Z,2025-11-02T06:00:00.000Z,2025-11-02T00:00:00.000-05:00,0.5,9,"reset;'=1",1`,
  ]);
});

test("no series at all: the head alone", () => {
  expect(lines([], null)).toEqual(["start,end,local_start"]);
});
