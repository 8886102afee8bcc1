import fc from "fast-check";
import { expect, test } from "vitest";
import { TextBytes } from "./text-bytes.ts";

const PIECE = 65_536;

test("whatever is added comes out in order, in pieces of which none changes afterwards", () => {
  const added = fc.oneof(
    fc.stringMatching(/^[ -~]{0,30}$/),
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("ü".repeat(40_000), "温".repeat(4_095), "7".repeat(90_000)),
  );
  fc.assert(
    fc.property(fc.array(added), (all) => {
      const out = new TextBytes();
      const pieces: Uint8Array[] = [];
      for (const one of all) {
        out.add(one);
        if (out.isFull) pieces.push(out.take());
      }
      for (const piece of pieces) expect(piece.length).toBeGreaterThanOrEqual(PIECE);
      pieces.push(out.take());
      const text = Buffer.concat(pieces).toString();
      expect(text).toBe(Buffer.from(all.join("")).toString());
    }),
  );
});
