import fc from "fast-check";
import { expect, test } from "vitest";
import { findable } from "../../test/findable.ts";
import { parseFilter } from "./filter-parse.ts";
import { PointIndex } from "./point-index.ts";
import { tagsOf } from "./tags.ts";

test("tags are counted by point, as markers and as texts", () => {
  const points = [
    findable("a", { tags: { kv: { floor: "1", temp: "y" }, markers: ["zone", "zone", "temp"] } }),
    findable("b", { tags: { kv: { floor: "2", zone: "x" }, markers: ["temp"] } }),
  ];
  expect(tagsOf(points)).toEqual([
    { name: "floor", filterName: "floor", count: 2, markers: 0, texts: 2 },
    { name: "temp", filterName: "temp", count: 2, markers: 2, texts: 1 },
    { name: "zone", filterName: "zone", count: 2, markers: 1, texts: 1 },
  ]);
});

test.each([
  ["unit", "unitTag"],
  ["not", "notTag"],
  ["Floor no", "floorNo"],
  ["AHU", "aHU"],
  ["2nd", "tag2nd"],
  ["Größe", "groE"],
  ["ahu-ref", "ahuRef"],
  ["°", "tag"],
])("the tag %j is %s in a filter", (name, filterName) => {
  expect(tagsOf([findable("a", { tags: { kv: {}, markers: [name] } })])[0]?.filterName).toBe(filterName);
});

test("every tag is found by its name in filters, and no other point", () => {
  const name = fc.oneof(
    fc.string({ minLength: 1, maxLength: 4 }),
    fc.constantFrom("a b", "aB", "a-b", "AB", "unit", "unitTag", "and"),
  );
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(name, { maxLength: 3 }), { maxLength: 6 }), (given) => {
      const points = given.map((markers, i) => findable(String(i), { tags: { kv: {}, markers } }));
      const index = new PointIndex("s", points);
      const names = index.tags.map(({ filterName }) => filterName);
      expect(new Set(names).size).toBe(names.length);
      for (const { name: tag, filterName, markers } of index.tags) {
        expect(parseFilter(filterName)).toEqual({ kind: "has", name: filterName });
        const found = index.find({ filter: filterName });
        expect(found.length).toBe(markers);
        expect(found.every(({ tags }) => tags.markers.includes(tag))).toBe(true);
      }
    }),
  );
});
