import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseValue } from "./value.ts";

describe("parseValue", () => {
  it.each<[unknown, number]>([
    ["330.0", 330],
    ["1.6100000143051147", 1.6100000143051147],
    ["0", 0],
    ["-0", -0],
    ["-0.0", -0],
    ["0.5", 0.5],
    [".5", 0.5],
    ["5.", 5],
    ["+5", 5],
    ["007", 7],
    ["1e3", 1000],
    ["1E-3", 0.001],
    ["5e-324", 5e-324],
    ["1e-400", 0],
    ["1.7976931348623157e308", Number.MAX_VALUE],
    ["25.517500000000002", 25.517500000000002],
    [" 72.5 ", 72.5],
    ["\t-1\n", -1],
    [72.5, 72.5],
    [-0, -0],
    [true, 1],
    [false, 0],
    ["true", 1],
    ["True", 1],
    ["FALSE", 0],
    ["active", 1],
    ["Active", 1],
    ["inactive", 0],
    [" INACTIVE ", 0],
  ])("reads %j as %d", (value, number) => {
    // toBe tells -0 from 0
    expect(parseValue(value)).toBe(number);
  });

  it.each<[unknown, string]>([
    [null, "null"],
    [undefined, "null"],
    ["", "non_numeric"],
    [" ", "non_numeric"],
    ["\n\t", "non_numeric"],
    ["0x10", "non_numeric"],
    ["0X10", "non_numeric"],
    [" 0x10", "non_numeric"],
    ["0b1", "non_numeric"],
    ["0o7", "non_numeric"],
    ["1_0", "non_numeric"],
    ["1,5", "non_numeric"],
    ["1 2", "non_numeric"],
    ["1e", "non_numeric"],
    [".", "non_numeric"],
    ["-", "non_numeric"],
    ["--1", "non_numeric"],
    ["1n", "non_numeric"],
    ["72.5 F", "non_numeric"],
    ["null", "non_numeric"],
    ["on", "non_numeric"],
    ["actively", "non_numeric"],
    ["infinite", "non_numeric"],
    [{}, "non_numeric"],
    [[], "non_numeric"],
    [["1"], "non_numeric"],
    ["NaN", "non_finite"],
    ["nan", "non_finite"],
    ["-nan", "non_finite"],
    ["inf", "non_finite"],
    ["-Inf", "non_finite"],
    ["Infinity", "non_finite"],
    ["-Infinity", "non_finite"],
    ["+infinity", "non_finite"],
    [" NaN ", "non_finite"],
    ["1e400", "non_finite"],
    ["-1e400", "non_finite"],
    ["1.7976931348623159e308", "non_finite"],
    [Number.POSITIVE_INFINITY, "non_finite"],
    [Number.NaN, "non_finite"],
  ])("rejects %j as %s", (value, reason) => {
    expect(parseValue(value)).toBe(reason);
  });

  it("reads every finite double exactly, from text and from a number", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
        const text = Object.is(double, -0) ? "-0" : String(double);
        expect(parseValue(text)).toBe(double);
        expect(parseValue(double.toPrecision(17))).toBe(Object.is(double, -0) ? 0 : double);
        expect(parseValue(JSON.parse(text))).toBe(double);
      }),
      { numRuns: 1000 },
    );
  });

  it("reads exactly decimals, with space around them, as numbers", () => {
    const decimal = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;
    const text = fc.string({ unit: fc.constantFrom(...Array.from("019.+-eE_xX boi\t")), maxLength: 8 });
    fc.assert(
      fc.property(text, (candidate) => {
        const value = parseValue(candidate);
        expect(typeof value === "number" || value === "non_finite").toBe(decimal.test(candidate));
      }),
      { numRuns: 3000 },
    );
  });
});
