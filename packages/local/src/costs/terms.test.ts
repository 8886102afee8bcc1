import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countsOf, NOTHING } from "./counts.ts";
import { countsFor, fitTerms, type Terms } from "./terms.ts";

const counts = fc.integer({ min: 0, max: 1_000 }).map((value) => countsOf(() => value));
const terms: fc.Arbitrary<Terms> = fc.record({ fixed: counts, perPoint: counts, perDay: counts, perPointDay: counts });

describe("fitTerms", () => {
  it("finds the terms that four measurements come from", () => {
    fc.assert(
      fc.property(terms, fc.integer({ min: 2, max: 500 }), fc.integer({ min: 2, max: 30 }), (truth, points, days) => {
        const measured = [1, points].flatMap((p) =>
          [1, days].map((d) => ({ points: p, days: d, counts: countsFor(truth, p, d) })),
        );
        expect(fitTerms(measured)).toEqual(truth);
      }),
    );
  });

  it("finds the terms of two measurements that do not depend on days", () => {
    const fitted = fitTerms([
      { points: 500, days: 0, counts: { ...NOTHING, rowsWritten: 523 } },
      { points: 100, days: 0, counts: { ...NOTHING, rowsWritten: 123 } },
    ]);
    expect([fitted.fixed.rowsWritten, fitted.perPoint.rowsWritten]).toEqual([23, 1]);
    expect(countsFor(fitted, 4_583, 0).rowsWritten).toBe(4_606);
  });

  it("is level at the higher value where a count falls with size", () => {
    const fitted = fitTerms([
      { points: 100, days: 0, counts: { ...NOTHING, cpuMs: 14 } },
      { points: 500, days: 0, counts: { ...NOTHING, cpuMs: 9 } },
    ]);
    expect([fitted.fixed.cpuMs, fitted.perPoint.cpuMs]).toEqual([14, 0]);
  });

  it("rejects measurements that do not determine the terms", () => {
    const run = { points: 100, days: 1, counts: NOTHING };
    expect(() => fitTerms([run])).toThrow("too few sizes");
    expect(() => fitTerms([run, { ...run, points: 200, days: 2 }])).toThrow("no measurement of 200 points, 1 days");
  });
});
