import fc from "fast-check";
import { expect, test } from "vitest";
import { compareUtf8 } from "./utf8-order.ts";

/** The oracle: compares the bytes as hexadecimal texts. */
const hex = (text: string) =>
  Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

test("orders names as their UTF-8 bytes", () => {
  const unit = fc.constantFrom("a", "b", "é", "\uFF5E", "\uE000", "😀", "😁", "\u{10FFFF}", "\uD7FF");
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit, maxLength: 4 }));
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(order(hex(a), hex(b)));
    }),
    { numRuns: 2_000 },
  );
});
