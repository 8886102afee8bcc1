import fc from "fast-check";
import { expect, it } from "vitest";
import { billOf, PRICES, type Usage } from "./prices.ts";

const UNIT = { million: 1e6, "GB-month": 1e9 };

const NONE: Usage = {
  rowsWritten: 0,
  rowsRead: 0,
  d1Storage: 0,
  r2Storage: 0,
  r2ClassA: 0,
  r2ClassB: 0,
  requests: 0,
  cpuMs: 0,
  logEvents: 0,
  kvReads: 0,
  kvWrites: 0,
  kvStorage: 0,
  workflowStorage: 0,
};

it("bills no line up to its included amount", () => {
  expect(billOf(NONE).total).toBe(0);
  for (const { line, included, unit } of PRICES) {
    const all = included * UNIT[unit];
    expect(billOf({ ...NONE, [line]: all }).total).toBe(0);
    expect(billOf({ ...NONE, [line]: all * 2 }).total).toBeGreaterThan(0);
  }
});

it.each([
  ["rowsWritten", 396_000_000, 346],
  ["rowsRead", 26_000_000_000, 1],
  ["d1Storage", 7_000_000_000, 1.5],
  ["r2Storage", 1_010_000_000_000, 15],
  ["r2ClassA", 3_000_000, 9],
  ["r2ClassB", 20_000_000, 3.6],
  ["requests", 20_000_000, 3],
  ["cpuMs", 130_000_000, 2],
  ["logEvents", 30_000_000, 6],
  ["kvReads", 12_000_000, 1],
  ["kvWrites", 3_000_000, 10],
  ["kvStorage", 3_000_000_000, 1],
  ["workflowStorage", 6_000_000_000, 1],
] as const)("bills %s beyond its included amount", (line, used, dollars) => {
  const bill = billOf({ ...NONE, [line]: used });
  expect(bill.total).toBeCloseTo(dollars, 9);
  expect(bill.lines.filter(({ cost }) => cost > 0).map((item) => item.line)).toEqual([line]);
});

it("includes each amount once: merging two accounts never costs less", () => {
  const amount = fc.double({ min: 0, max: 1e12, noNaN: true });
  fc.assert(
    fc.property(fc.constantFrom("rowsWritten", "d1Storage", "kvWrites"), amount, amount, (line, first, other) => {
      const totalOf = (used: number) => billOf({ ...NONE, [line]: used }).total;
      expect(totalOf(first + other) - totalOf(first) - totalOf(other)).toBeGreaterThanOrEqual(-1e-6);
    }),
  );
});
