import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonChunks, MAX_ASCII_CHARS, MAX_UNICODE_CHARS } from "./json-chunks.ts";

test("chunks hold all items in order, and each is as full as the limit allows", () => {
  const anyItems = fc.array(fc.oneof(fc.string(), fc.integer(), fc.string({ unit: "binary", minLength: 20 })));
  fc.assert(
    fc.property(anyItems, fc.integer({ min: 2, max: 60 }), (items, maxChars) => {
      const chunks = [...jsonChunks(items, (item) => JSON.stringify(item), maxChars)];
      expect(chunks.flatMap((chunk) => chunk.items)).toEqual(items);
      for (const [i, { items: inside, json }] of chunks.entries()) {
        expect(inside.length).toBeGreaterThan(0);
        expect(json).toBe(JSON.stringify(inside));
        if (inside.length > 1) expect(json.length).toBeLessThanOrEqual(maxChars);
        const next = chunks[i + 1]?.items[0];
        if (next !== undefined) expect(JSON.stringify([...inside, next]).length).toBeGreaterThan(maxChars);
      }
    }),
  );
});

test("the limits keep a bound text below D1's two million bytes", () => {
  expect(MAX_ASCII_CHARS).toBeLessThan(2_000_000);
  const widest = [
    ...jsonChunks(
      Array.from({ length: 700_000 }, () => "温"),
      (item) => JSON.stringify(item),
      MAX_UNICODE_CHARS,
    ),
  ];
  expect(widest.length).toBeGreaterThan(1);
  for (const { json } of widest) expect(new TextEncoder().encode(json).length).toBeLessThan(2_000_000);
  expect(new TextEncoder().encode("温".repeat(MAX_UNICODE_CHARS)).length).toBeLessThan(2_000_000);
});
