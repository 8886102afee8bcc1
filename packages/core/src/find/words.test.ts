import fc from "fast-check";
import { expect, test } from "vitest";
import { joinedForms, naturalKey, WordsBuilder, wordsOf } from "./words.ts";

test.each<[string, string[]]>([
  ["AHU-5002", ["ahu", "5002"]],
  ["ahu5002SupplyTemp", ["ahu", "5002", "supply", "temp"]],
  ["C.Drivers.Net8000.Vav814.points.RoomTemp", ["c", "drivers", "net", "8000", "vav", "814", "points", "room", "temp"]],
  ["VAVBox_3", ["vav", "box", "3"]],
  ["°F 100%", ["°", "f", "100", "%"]],
  ["Größe CO₂ m³", ["große", "co", "2", "m", "3"]],
  ["ÄußereTemp", ["außere", "temp"]],
  ["vav-08", ["vav", "08", "vav", "8"]],
  ["--- ", []],
])("the words of %j are %j", (text, words) => {
  expect(wordsOf(text)).toEqual(words);
});

test.each<[string, string[]]>([
  ["AHU-5002", ["ahu5002"]],
  ["zone temp", ["zonetemp"]],
  ["VAV-08", ["vav08", "vav8"]],
  ["0", ["0"]],
  ["...", []],
])("%j joined is %j", (text, forms) => {
  expect(joinedForms(text)).toEqual(forms);
});

test("a text has the words of its parts, with any separators", () => {
  const part = fc.stringMatching(/^[a-z]{1,5}$|^[1-9]\d{0,3}$/);
  const gap = fc.constantFrom(" ", "-", "_", ".", "/", ":", ", ");
  fc.assert(
    fc.property(fc.array(fc.tuple(part, gap), { minLength: 1, maxLength: 6 }), (pieces) => {
      const text = pieces.map(([word, between]) => word + between).join("");
      expect(wordsOf(text)).toEqual(pieces.map(([word]) => word));
      expect(wordsOf(text.toUpperCase())).toEqual(pieces.map(([word]) => word));
    }),
  );
});

test("texts of any characters keep a mark for each character of their words", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" })), (texts) => {
      const words = new WordsBuilder();
      for (const text of texts) words.add(text, 7);
      const { text, marks } = words.build();
      expect(text.length).toBe(marks.length);
      expect(text.split("\n").length - 1).toBe([...marks].filter((mark) => mark === 255).length);
      // a word begins at the start of each text that has any
      const starts = text === "" ? [] : [0, ...[...text.matchAll(/\n(?=[^\n])/g)].map(({ index }) => index + 1)];
      expect(starts.filter((start) => marks[start] === 0)).toEqual([]);
    }),
  );
});

test("names are in the natural order of their numbers", () => {
  const sorted = ["AHU", "ahu 1", "AHU 2", "ahu 10", "ahu 10 a", "ahu 10000000000000000000", "ahu b", "b"];
  const compare = (a: string, b: string) => (naturalKey(a) < naturalKey(b) ? -1 : 1);
  expect(sorted.toReversed().sort(compare)).toEqual(sorted);
  expect(naturalKey("VAV-007")).toBe(naturalKey("vav-7"));
});

test("keys order numbers by value", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.bigInt({ min: 0n, max: 10n ** 30n }), (a, b) => {
      const [left, right] = [naturalKey(`x${a}y`), naturalKey(`x${b}y`)];
      expect(left < right).toBe(a < b);
    }),
  );
});
