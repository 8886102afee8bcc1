import { EMPTY_SERIES } from "@building-vitals/core/domain/samples";
import type { ShapedSeries } from "@building-vitals/core/query/shape";
import { tableFromIPC } from "apache-arrow";
import { expect, test } from "vitest";
import type { Metadata } from "./metadata.ts";
import { furtherColumns, isTexts } from "./series-columns.ts";
import { writeArrow } from "./write-arrow.ts";
import { writeCsv } from "./write-csv.ts";
import { writeJson, writeRows } from "./write-json.ts";

const METADATA: Metadata = {
  start_time: 0,
  end_time: 1,
  interval: "1hr",
  computed_from: "hours",
  total_samples: 6,
  sources: ["D1"],
  storage_tiers: {
    hot: { samples: 6, statements: 0, rows_read: 0 },
    cold: { samples: 0, files: 0, requests: 0, bytes: 0 },
  },
  completeness: 1,
  missing: [],
  pending: null,
  downsampled: null,
  fill: "none",
  units: "source",
  unknown: [],
  unjudged_points: [],
  unit_changes: [],
  unknown_points: [],
  partial: false,
  cache_hit: false,
  query_time_ms: 0,
};

const TIMES = { range: { start: -6e9, end: 2 ** 42 }, timeZone: "Asia/Kathmandu", bounds: null };

const point = (name: string) => ({
  id: 1,
  name,
  cadenceMs: null,
  expectation: null,
  firstSeen: null,
  unit: "°C",
  past: [],
});

/** Two series with the same times, before and after 1970, and two empty series with the same columns. */
function answer(): ShapedSeries[] {
  const bounds = Float64Array.of(-5_000_000_000, -1, 2 ** 41 + 7, 2 ** 42);
  const full = ["a", "c"].map((name, i) => ({
    point: point(name),
    unit: "°C",
    times: bounds.subarray(0, 3),
    values: Float64Array.of(0.1 + i, -0, 1e21),
    min: Float64Array.of(0, -0, 1e21),
    max: Float64Array.of(1 + i, 0, 1e21),
    count: Int32Array.of(2, 1, 3),
    more: [
      { name: "delta", values: Float64Array.of(1.5, Number.NaN, -0) },
      { name: "duration_on", values: Int32Array.of(0, 3600, 7) },
      { name: "flags", values: ["", "reset dip", '=1"'] },
      { name: "min", values: Float64Array.of(9, Number.NaN, 9) },
    ],
    facts: { agg: "max", quantity: "counter", total: null },
  }));
  const more = [
    { name: "delta", values: EMPTY_SERIES.values },
    { name: "duration_on", values: new Int32Array(0) },
    { name: "flags", values: [] },
    { name: "min", values: EMPTY_SERIES.values },
  ];
  const none = { ...EMPTY_SERIES, min: EMPTY_SERIES.values, max: EMPTY_SERIES.values, count: new Int32Array(0), more };
  return [...full, ...["b", "d"].map((name) => ({ ...none, point: point(name), unit: null }))];
}

const writers = {
  json: (series: readonly ShapedSeries[], isLast: boolean) => writeJson("site", series, METADATA, isLast),
  rows: (series: readonly ShapedSeries[], isLast: boolean) => writeRows("site", series, METADATA, isLast),
  csv: (series: readonly ShapedSeries[], isLast: boolean) => writeCsv(series, TIMES, isLast),
  arrow: (series: readonly ShapedSeries[], isLast: boolean) => writeArrow("site", series, METADATA, isLast),
};

test.each(["json", "rows", "csv", "arrow"] as const)(
  "%s: the same bytes, whether columns are freed or not",
  (format) => {
    const [kept, freed] = [answer(), answer()];
    const expected = Buffer.concat([...writers[format](kept, false)]);
    expect(Buffer.concat([...writers[format](kept, false)])).toEqual(expected);
    expect(kept.map(({ values }) => values.length)).toEqual([3, 3, 0, 0]);
    expect(Buffer.concat([...writers[format](freed, true)])).toEqual(expected);
    for (const series of freed) {
      const written = [series.values, ...furtherColumns(series).map(({ values }) => values)];
      const lengths = written.flatMap((column) => (isTexts(column) ? [] : [column.length]));
      expect(lengths).toEqual([0, 0, 0, 0, 0, 0]);
    }
    expect(() => new Float64Array(EMPTY_SERIES.values.buffer)).not.toThrow();
  },
);

const text = (pieces: Iterable<Uint8Array>) => Buffer.concat([...pieces]).toString();

test("json: facts after the unit, further columns after the values, each name once", () => {
  const [series] = answer();
  expect(text(writeJson("site", [series!], METADATA, true))).toContain(
    '{"point_name":"a","unit":"°C","agg":"max","quantity":"counter","total":null,' +
      '"timestamps":[-5000000000,-1,2199023255559],"values":[0.1,-0,1e+21],' +
      '"delta":[1.5,null,-0],"duration_on":[0,3600,7],"flags":["","reset dip","=1\\""],"min":[9,null,9],' +
      '"max":[1,0,1e+21],"count":[2,1,3]}]',
  );
});

test("rows: further columns are fields of each row", () => {
  const [series] = answer();
  const rows = text(writeRows("site", [series!], METADATA, true));
  expect(rows).toContain(
    '{"point_name":"a","timestamp":-1,"value":-0,"delta":null,"duration_on":3600,"flags":"reset dip","min":null}',
  );
});

test("csv: further columns between the unit and the bucket's own", () => {
  const [header, , second, third] = text(writeCsv(answer(), TIMES, true)).split("\r\n");
  expect(header).toBe("point_name,label,timestamp,time,local_time,value,unit,delta,duration_on,flags,min,max,count");
  expect(second).toBe("a,,-1,1969-12-31T23:59:59.999Z,1970-01-01T05:29:59.999+05:30,-0,°C,,3600,reset dip,,0,1");
  expect(third).toContain(`,"'=1""",9,`);
});

test("arrow: further columns of doubles, integers and texts", () => {
  const table = tableFromIPC(Buffer.concat([...writeArrow("site", answer(), METADATA, true)]));
  const fields = table.schema.fields.map(
    ({ name, type, nullable }) => `${name}: ${String(type)}${nullable ? "?" : ""}`,
  );
  expect(fields.slice(3)).toEqual([
    "delta: Float64?",
    "duration_on: Int32",
    "flags: Utf8",
    "min: Float64?",
    "max: Float64?",
    "count: Int32",
  ]);
  expect(table.numRows).toBe(6);
  expect([...table.getChild("delta")!].slice(0, 3)).toEqual([1.5, null, -0]);
  expect([...table.getChild("duration_on")!]).toEqual([0, 3600, 7, 0, 3600, 7]);
  expect([...table.getChild("flags")!].slice(3)).toEqual(["", "reset dip", '=1"']);
});

test("arrow: a column of integers in some series only is of doubles", () => {
  const [a, , b] = answer();
  const mixed = [a!, b!].map((series, i) => ({
    ...series,
    more: [{ name: "sum", values: i === 0 ? Int32Array.of(1, 2, 3) : Float64Array.of() }],
  }));
  const table = tableFromIPC(Buffer.concat([...writeArrow("site", mixed, METADATA, true)]));
  expect([...table.getChild("sum")!]).toEqual([1, 2, 3]);
});

test("arrow: times before and after 1970, to the millisecond", () => {
  const table = tableFromIPC(Buffer.concat([...writeArrow("site", answer(), METADATA, true)]));
  const times = table.getChild("timestamp")!;
  const expected = [-5_000_000_000, -1, 2 ** 41 + 7];
  expect([...times].map(Number)).toEqual([...expected, ...expected]);
});
