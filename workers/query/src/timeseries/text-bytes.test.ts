import fc from "fast-check";
import { expect, test } from "vitest";
import { TextBytes } from "./text-bytes.ts";

const PIECE = 65_536;

test("whatever is added comes out in order, in pieces of which none changes afterwards", () => {
  const added = fc.oneof(
    fc.record({ kind: fc.constant("ascii" as const), text: fc.stringMatching(/^[ -~]{0,30}$/) }),
    fc.record({ kind: fc.constant("text" as const), text: fc.string({ unit: "grapheme" }) }),
    fc.record({ kind: fc.constant("text" as const), text: fc.constant("ü".repeat(40_000)) }),
    fc.record({ kind: fc.constant("ascii" as const), text: fc.constant("7".repeat(90_000)) }),
  );
  fc.assert(
    fc.property(fc.array(added), (all) => {
      const out = new TextBytes();
      const pieces: Uint8Array[] = [];
      for (const { kind, text } of all) {
        out[kind](text);
        if (out.isFull) pieces.push(out.take());
      }
      for (const piece of pieces) expect(piece.length).toBeGreaterThanOrEqual(PIECE);
      pieces.push(out.take());
      const text = Buffer.concat(pieces).toString();
      expect(text).toBe(Buffer.from(all.map((one) => one.text).join("")).toString());
    }),
  );
});
