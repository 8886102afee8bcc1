import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonChunks } from "./json-chunks.ts";

const encode = (item: unknown) => JSON.stringify(item);

describe("jsonChunks", () => {
  test("holds every item exactly once, in order, in chunks that are neither empty nor over the limit", () => {
    let cuts = 0;
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 20, unit: "binary" }), { maxLength: 40, size: "max" }),
        fc.integer({ min: 150, max: 400 }),
        (items, maxChars) => {
          const chunks = [...jsonChunks(items, encode, maxChars)];
          expect(chunks.flatMap((chunk) => chunk.items)).toEqual(items);
          for (const chunk of chunks) {
            expect(chunk.items.length).toBeGreaterThan(0);
            expect(chunk.json.length).toBeLessThanOrEqual(maxChars);
            expect(JSON.parse(chunk.json)).toEqual(chunk.items);
          }
          cuts += Math.max(0, chunks.length - 1);
        },
      ),
      { numRuns: 200 },
    );
    expect(cuts).toBeGreaterThan(100);
  });

  test("cuts only where the next item would not fit, and gives an item over the limit its own chunk", () => {
    const sizes = (maxChars: number) => [...jsonChunks([1, 2, 3], encode, maxChars)].map((chunk) => chunk.items.length);
    expect(sizes("[1,2,3]".length)).toEqual([3]);
    expect(sizes("[1,2,3]".length - 1)).toEqual([2, 1]);
    expect(sizes(1)).toEqual([1, 1, 1]);
    expect([...jsonChunks([], encode, 100)]).toEqual([]);
  });
});
