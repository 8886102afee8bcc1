import { EMPTY_SERIES } from "@building-vitals/core/domain/samples";
import type { ShapedSeries } from "@building-vitals/core/query/shape";
import { tableFromIPC } from "apache-arrow";
import { expect, test } from "vitest";
import type { Metadata } from "./metadata.ts";
import { writeArrow } from "./write-arrow.ts";
import { writeCsv } from "./write-csv.ts";
import { writeJson, writeRows } from "./write-json.ts";

const METADATA: Metadata = {
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
  }));
  const none = { ...EMPTY_SERIES, min: EMPTY_SERIES.values, max: EMPTY_SERIES.values, count: new Int32Array(0) };
  return [...full, ...["b", "d"].map((name) => ({ ...none, point: point(name), unit: null }))];
}

const writers = {
  json: (series: readonly ShapedSeries[], isLast: boolean) => writeJson("site", series, METADATA, isLast),
  rows: (series: readonly ShapedSeries[], isLast: boolean) => writeRows("site", series, METADATA, isLast),
  csv: (series: readonly ShapedSeries[], isLast: boolean) => writeCsv(series, isLast),
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
    for (const { values, min, max, count } of freed) {
      expect([values, min, max, count].map((column) => column?.length)).toEqual([0, 0, 0, 0]);
    }
    expect(() => new Float64Array(EMPTY_SERIES.values.buffer)).not.toThrow();
  },
);

test("arrow: times before and after 1970, to the millisecond", () => {
  const table = tableFromIPC(Buffer.concat([...writeArrow("site", answer(), METADATA, true)]));
  const times = table.getChild("timestamp")!;
  const expected = [-5_000_000_000, -1, 2 ** 41 + 7];
  expect([...times].map(Number)).toEqual([...expected, ...expected]);
});
