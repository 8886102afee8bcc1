import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUTURE_TOLERANCE_MS, totalRejected } from "../domain/rejection.ts";
import { AceError } from "./ace-error.ts";
import { PageDecoder } from "./page.ts";

const NOW = Date.UTC(2025, 9, 12, 15);
const T = "2025-10-12T14:50:36.055960";
const T_MS = Date.UTC(2025, 9, 12, 14, 50, 36, 55);

const row = (name: unknown, value: unknown, time: unknown = T) => ({ name, value, time });
const decodeText = (text: string) => {
  const decoder = new PageDecoder(NOW, "/page");
  decoder.write(text);
  return decoder.end();
};
const decode = (body: unknown) => decodeText(JSON.stringify(body));
const decodeRows = (...rows: unknown[]) => decode({ point_samples: rows, next_cursor: null, has_more: false });

function kindOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof AceError) return error.kind;
    throw error;
  }
  return "none";
}

describe("PageDecoder: rows", () => {
  it("makes columns with names in order of first appearance", () => {
    const page = decodeRows(row("b", "1.5"), row("a", "2"), row("b", "-0", "2025-10-12T14:51:00"));
    expect(page.records).toBe(3);
    expect(page.rejected).toEqual({});
    expect(page.samples).toEqual({
      names: ["b", "a"],
      nameIndex: Int32Array.of(0, 1, 0),
      times: Float64Array.of(T_MS, T_MS, Date.UTC(2025, 9, 12, 14, 51)),
      values: Float64Array.of(1.5, 2, -0),
      length: 3,
    });
  });

  it("accepts names that are properties of every object", () => {
    const page = decodeRows(row("constructor", "1"), row("__proto__", "2"));
    expect(page.samples.names).toEqual(["constructor", "__proto__"]);
  });

  it.each<[string, unknown, string]>([
    ["null", null, "malformed"],
    ["a text", "x", "malformed"],
    ["a number", 1, "malformed"],
    ["an array", ["a", "1", T], "malformed"],
    ["no name", { value: "1", time: T }, "malformed"],
    ["an empty name", row("", "1"), "malformed"],
    ["a name that is not text", row(7, "1"), "malformed"],
    ["a name of invalid Unicode, which D1 would change", row("a\uD800", "1"), "malformed"],
    ["neither name nor time", row(null, null, null), "malformed"],
    ["no time", { name: "a", value: "1" }, "bad_time"],
    ["a null time", row("a", "1", null), "bad_time"],
    ["a date that does not exist", row("a", "1", "2025-02-30T00:00:00"), "bad_time"],
    ["a bad time and a bad value", row("a", "x", "x"), "bad_time"],
    ["an impossible number as time", row("a", "1", 1e300), "bad_time"],
    ["a time before 1970, which does not fit into keys", row("a", "1", "1969-12-31T23:59:59.999999"), "bad_time"],
    ["a negative number as time", row("a", "1", -0.001), "bad_time"],
    ["a time in the future", row("a", "1", "2025-10-12T15:10:00.001"), "future"],
    ["a future time and a null value", row("a", null, "2026-10-12T15:10:00"), "future"],
    ["a null value", row("a", null), "null"],
    ["no value", { name: "a", time: T }, "null"],
    ["a word as value", row("a", "offline"), "non_numeric"],
    ["an object as value", row("a", {}), "non_numeric"],
    ["NaN", row("a", "NaN"), "non_finite"],
  ])("counts %s, and keeps the rows around it", (_, bad, reason) => {
    const page = decodeRows(row("x", "1"), bad, row("y", "2"));
    expect(page.rejected).toEqual({ [reason]: 1 });
    expect(page.records).toBe(3);
    expect(page.samples.length).toBe(2);
    expect(page.samples.names).toEqual(["x", "y"]);
    expect([...page.samples.values]).toEqual([1, 2]);
    expect([...page.samples.times]).toEqual([T_MS, T_MS]);
  });

  it("accepts future times only up to the tolerance", () => {
    const at = (ms: number) => row("a", "1", new Date(ms).toISOString());
    const page = decodeRows(at(NOW + FUTURE_TOLERANCE_MS), at(NOW + FUTURE_TOLERANCE_MS + 1));
    expect([...page.samples.times]).toEqual([NOW + FUTURE_TOLERANCE_MS]);
    expect(page.rejected).toEqual({ future: 1 });
  });

  it("keeps each reason's first records, truncated, at any nesting", () => {
    const nulls = Array.from({ length: 7 }, (_, i) => ({ ...row(`n${i}`, null), note: "温" }));
    const long = row("long", "x".repeat(5_000));
    const deep = `${"[".repeat(100_000)}1${"]".repeat(100_000)}`;
    const rows = [...nulls, 7, long].map((record) => JSON.stringify(record));
    const { rejectedRecords, rejected } = decodeText(`{"point_samples":[${rows.join()},${deep}],"has_more":false}`);
    expect(rejected).toEqual({ null: 7, malformed: 2, non_numeric: 1 });
    expect(rejectedRecords.slice(0, 6)).toEqual([
      ...nulls.slice(0, 5).map((record) => ({ reason: "null", record: JSON.stringify(record) })),
      { reason: "malformed", record: "7" },
    ]);
    expect(rejectedRecords.slice(6).map(({ reason }) => reason)).toEqual(["non_numeric", "malformed"]);
    expect(rejectedRecords[6]?.record).toBe(JSON.stringify(long).slice(0, 1_000));
    expect(rejectedRecords[7]?.record).toBe("[".repeat(1_000));
  });

  it("each record is a sample or counted as rejected", () => {
    const anyRow = fc.oneof(
      fc.record({
        name: fc.oneof(fc.constantFrom("a", "b", ""), fc.jsonValue()),
        time: fc.oneof(fc.constantFrom(T, "x", "2025-10-12 14:50:36"), fc.jsonValue()),
        value: fc.oneof(fc.constantFrom("1", "x", "nan"), fc.jsonValue()),
      }),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 30 }), (rows) => {
        const page = decodeRows(...rows);
        const { samples } = page;
        expect(page.records).toBe(rows.length);
        expect(samples.length + totalRejected(page.rejected)).toBe(rows.length);
        expect(samples.nameIndex.length).toBe(samples.length);
        expect(samples.times.length).toBe(samples.length);
        expect(samples.values.length).toBe(samples.length);
        expect(samples.values.every(Number.isFinite)).toBe(true);
        expect(samples.times.every(Number.isSafeInteger)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("PageDecoder: end of the page", () => {
  const lastTime = (...rows: unknown[]) => {
    const { end } = decodeRows(...rows);
    return [end.lastTime, end.rowsAtLastTime];
  };
  const LATER = "2025-10-12T14:51:00.000001";

  it.each<[string, unknown[], [string | null, number]]>([
    ["an empty page", [], [null, 0]],
    ["one time", [row("a", "1"), row("b", "1")], [T, 2]],
    ["two times", [row("a", "1"), row("a", "1", LATER), row("b", "1", LATER), row("c", "1", LATER)], [LATER, 3]],
    [
      "rejected rows, which the upstream counts",
      [row("a", null), row("b", "NaN"), row("", "1"), row("c", "1")],
      [T, 4],
    ],
    ["times of one millisecond", [row("a", "1", "2025-10-12T14:51:00.000002"), row("b", "1", LATER)], [LATER, 1]],
    [
      "one microsecond written twice",
      [row("a", "1", "2025-10-12T14:51:00"), row("b", "1", "2025-10-12T14:51:00.000000")],
      ["2025-10-12T14:51:00.000000", 2],
    ],
    ["unreadable times in between", [row("a", "1"), row("b", "1", "x"), row("c", "1", "x"), row("d", "1")], [T, 2]],
    ["an unreadable time at the end", [row("a", "1"), row("b", "1", null)], [T, 1]],
    ["only unreadable times", [row("a", "1", ""), row("b", "1", "")], [null, 0]],
    ["a numeric time", [row("a", "1"), row("b", "1", T_MS)], [null, 0]],
  ])("%s", (_, rows, expected) => {
    expect(lastTime(...rows)).toEqual(expected);
  });
});

describe("PageDecoder: envelope", () => {
  const current = (fields: object) => ({ point_samples: [row("a", "1")], ...fields });
  const older = (pagination: object) => ({ data: [{ point_name: "a", timestamp: T, value: 72.5 }], pagination });

  it.each<[object, string | null]>([
    [current({ next_cursor: "n", has_more: true }), "n"],
    [current({ next_cursor: "n" }), "n"],
    [current({ next_cursor: "n", has_more: null }), "n"],
    [current({ next_cursor: null, has_more: false }), null],
    [current({ next_cursor: null }), null],
    [current({ has_more: false }), null],
    [current({ next_cursor: "n", has_more: false }), null],
    [current({ next_cursor: "", has_more: false }), null],
    [older({ next_cursor: "n", has_more: true }), "n"],
    [older({ cursor: "n", has_more: true }), "n"],
    [older({ next_cursor: "n", cursor: "own" }), "n"],
    [older({ next_cursor: null, cursor: "own" }), null],
    [older({ cursor: null }), null],
    [older({ has_more: false }), null],
  ])("%j", (body, cursor) => {
    const page = decode(body);
    expect(page.cursor).toBe(cursor);
    expect(page.samples.names).toEqual(["a"]);
    expect([...page.samples.times]).toEqual([T_MS]);
  });

  it.each<[unknown]>([
    [current({ has_more: true })],
    [current({ next_cursor: null, has_more: true })],
    [current({ next_cursor: "", has_more: true })],
    [current({ next_cursor: "" })],
    [current({})],
    [current({ has_more: null })],
    [current({ next_cursor: 5, has_more: true })],
    [current({ next_cursor: null, has_more: "no" })],
    [older({ has_more: true })],
    [older({})],
    [{ data: [] }],
    [{ point_samples: null, next_cursor: null, has_more: false }],
    [{ point_samples: {}, next_cursor: null, has_more: false }],
    [{ next_cursor: null, has_more: false }],
    [{ message: "An unhandled exception occurred." }],
    [{}],
  ])("refuses %j, because it proves no end", (body) => {
    expect(kindOf(() => decode(body))).toBe("not_a_page");
  });

  it("accepts numeric times in seconds and in milliseconds", () => {
    const rows = [1_760_280_636, 1_760_280_636_055].map((timestamp) => ({ point_name: "a", timestamp, value: "1" }));
    const page = decode({ data: rows, pagination: { has_more: false } });
    expect([...page.samples.times]).toEqual([1_760_280_636_000, 1_760_280_636_055]);
  });
});
