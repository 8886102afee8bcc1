import fc from "fast-check";
import { expect, test } from "vitest";
import { TextBytes } from "./text-bytes.ts";

const PIECE = 65_536;

test("added text comes out in order, in pieces that never change afterwards", () => {
  const added = fc.oneof(
    fc.stringMatching(/^[ -~]{0,30}$/),
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("ü".repeat(40_000), "温".repeat(4_095), "7".repeat(90_000)),
  );
  fc.assert(
    fc.property(fc.array(added), (all) => {
      const out = new TextBytes();
      const pieces: Uint8Array[] = [];
      for (const value of all) {
        out.add(value);
        if (out.isFull) pieces.push(out.take());
      }
      for (const piece of pieces) expect(piece.length).toBeGreaterThanOrEqual(PIECE);
      pieces.push(out.take());
      const text = Buffer.concat(pieces).toString();
      expect(text).toBe(Buffer.from(all.join("")).toString());
    }),
  );
});

test("numbers come out as their shortest text, bit for bit", () => {
  const safe = fc.maxSafeInteger();
  const number = fc.oneof(
    fc.double(),
    safe,
    fc.integer({ min: 0, max: 15 }).map((power) => 10 ** power),
    fc.integer({ min: 0, max: 15 }).map((power) => 1 - 10 ** power),
    fc.constantFrom(0, -0, 5e-324, -1.7976931348623157e308, 1_760_280_000_000, -Number.MAX_SAFE_INTEGER, 2 ** 53),
  );
  fc.assert(
    fc.property(fc.string(), fc.array(number, { maxLength: 600 }), (before, values) => {
      const out = new TextBytes();
      out.add(before);
      out.addNumbers(Float64Array.from(values));
      const texts = values.map((value) => {
        if (Number.isNaN(value)) return "null";
        return Object.is(value, -0) ? "-0" : String(value);
      });
      expect(Buffer.from(out.take()).toString()).toBe(Buffer.from(before + texts.join()).toString());
    }),
  );
});

test("a piece grows for numbers that do not fit", () => {
  const out = new TextBytes();
  out.add("x".repeat(65_000));
  out.addNumbers(new Float64Array(10_000).fill(-2.2250738585072014e-308));
  expect(out.take().length).toBe(65_000 + 10_000 * 24 + 9_999);
});
