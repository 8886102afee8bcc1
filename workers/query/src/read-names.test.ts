import fc from "fast-check";
import { expect, test } from "vitest";
import { candidateNames, readNames } from "./read-names.ts";

test.each<[string, string, string[], string[][]]>([
  ["pieces", "a,b", ["a", "b"], [["a", "b"]]],
  ["a whole name", "a, b", ["a, b"], [["a, b"]]],
  ["a whole name, and one of its pieces", "a,b", ["a,b", "a"], [["a,b"]]],
  ["a whole name and all its pieces", "a,b", ["a,b", "a", "b"], [["a", "b"], ["a,b"]]],
  [
    "two readings of three pieces",
    "n/a,b,n/c",
    ["n/a", "b", "n/a,b", "n/c"],
    [
      ["n/a", "b", "n/c"],
      ["n/a,b", "n/c"],
    ],
  ],
  ["one reading of three pieces", "n/a,b,n/c", ["n/a,b", "n/c"], [["n/a,b", "n/c"]]],
  ["an unknown piece beside a joined name", "x,n/a,b", ["n/a,b"], [["x", "n/a,b"]]],
  ["unknown pieces", " x ,, y,", [], [["x", "y"]]],
  ["nothing", " , ,", [], [[]]],
  ["a JSON array", '["a,b","c","x"]', ["a,b", "a", "b", "c"], [["a,b", "c", "x"]]],
  ["a name that begins like a JSON array", '["a', ['["a'], [['["a']]],
  ["a JSON array of something other than text", '["a",1]', [], [['["a"', "1]"]]],
  ["an array with one name of nine pieces", '["1,2,3,4,5,6,7,8,9"]', [], [["1,2,3,4,5,6,7,8,9"]]],
  ["a whole name of nine pieces", "1,2,3,4,5,6,7,8,9", ["1,2,3,4,5,6,7,8,9"], [["1,2,3,4,5,6,7,8,9"]]],
  ["a name with spaces around it", "a, padded ", [" padded ", "a"], [["a", " padded "]]],
])("%s", (_, text, known, expected) => {
  const names = new Set(known);
  expect(readNames(text, (name) => names.has(name))).toEqual(expected);
});

test("every known name of a reading is one of the candidates", () => {
  const piece = fc.constantFrom("a", "b", " c", "");
  const name = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join());
  fc.assert(
    fc.property(fc.array(name, { maxLength: 5 }), fc.uniqueArray(name, { maxLength: 6 }), (asked, known) => {
      const text = asked.join();
      const candidates = new Set(candidateNames([text]));
      const exists = (tried: string) => known.includes(tried);
      const read = readNames(text, (tried) => exists(tried) && candidates.has(tried));
      expect(read).toEqual(readNames(text, exists));
    }),
  );
});

test("the candidates of a very long request fit into one statement", () => {
  const values = Array.from({ length: 8 }, () => "温,".repeat(2_000));
  expect(new TextEncoder().encode(JSON.stringify(candidateNames(values))).length).toBeLessThan(1_800_000);
  const most = ["温".repeat(15_984 / 8), "x"]
    .flatMap((piece) => Array.from({ length: 4 }, (_, i) => `${piece}${i}`))
    .join();
  expect(new TextEncoder().encode(JSON.stringify(candidateNames([most]))).length).toBeLessThan(1_800_000);
});
