import fc from "fast-check";
import { expect, test } from "vitest";
import { equipmentList } from "./equipment-list.ts";
import { equipmentOf, splitName } from "./equipment.ts";
import { findable } from "../../test/findable.ts";

test.each([
  ["ses/a/8000:33-8033/analogValue/102", ["8000:33-8033"], "analogValue/102"],
  [
    "ses/a/192.168.96.4/n4/FallsCity_CMC/C.Drivers.BacnetNetwork.Net8000.Vav814.points.RoomTemp.AlarmOffset",
    ["192.168.96.4", "FallsCity_CMC", "Net8000", "Vav814"],
    "RoomTemp.AlarmOffset",
  ],
  ["ses/a/Ahu1/SupplyTemp", ["Ahu1"], "SupplyTemp"],
  ["Ahu1.SupplyTemp", ["Ahu1"], "SupplyTemp"],
  ["ses/a/SupplyTemp", [], "SupplyTemp"],
  ["points", [], "points"],
  ["", [], ""],
])("%j has the equipment path %j", (name, path, own) => {
  expect(splitName(name)).toEqual({ path, own });
});

const ids = (given: Parameters<typeof findable>[1], name = "ses/a/Net1/Vav2/Temp") => {
  const found: [string, string][] = [];
  for (let place = equipmentOf(findable(name, given)); place !== null; place = place.parent) {
    found.push([place.id, place.name]);
  }
  return found;
};
const kv = (tags: Record<string, string>) => ({ tags: { kv: tags, markers: [] }, device: "Controller 7" });

test.each<[string, Record<string, string>, [string, string][]]>([
  ["a name", { equip: "AHU 1" }, [["tag:AHU 1", "AHU 1"]]],
  ["a reference before a name", { equip: "AHU 1", equipRef: '@p:a:1 "AHU one"' }, [["tag:p:a:1", "AHU one"]]],
  ["a reference without a name", { equipRef: "@p:a:1" }, [["tag:p:a:1", "p:a:1"]]],
  ["a reference in JSON", { equipRef: "r:p:a:1 AHU one" }, [["tag:p:a:1", "AHU one"]]],
  ["any case", { EquipRef: "AHU 1" }, [["tag:AHU 1", "AHU 1"]]],
  [
    "the air handler above",
    { equip: "VAV 2", ahuRef: "AHU 1" },
    [
      ["tag:VAV 2", "VAV 2"],
      ["tag:AHU 1", "AHU 1"],
    ],
  ],
  ["itself as the air handler", { equip: "AHU 1", ahuRef: "AHU 1" }, [["tag:AHU 1", "AHU 1"]]],
  ["nothing in the tags: the device", { equip: " " }, [["device:Controller 7", "Controller 7"]]],
])("equipment by tags: %s", (_, tags, found) => {
  expect(ids(kv(tags))).toEqual(found);
});

test("without tags and device the name tells the equipment", () => {
  expect(ids({})).toEqual([
    ["name:Net1/Vav2", "Vav2"],
    ["name:Net1", "Net1"],
  ]);
  expect(ids({}, "weather.temperature")).toEqual([]);
  expect(ids({}, "alone")).toEqual([]);
});

test("the list has each equipment once, with its parent and its own points", () => {
  const tagged = (name: string, tags: Record<string, string>) => findable(name, { tags: { kv: tags, markers: [] } });
  const points = [
    tagged("a", { equip: "VAV 10", ahuRef: "AHU 1" }),
    // another parent: the first point's counts
    tagged("b", { equip: "VAV 10", ahuRef: "AHU 2" }),
    tagged("c", { equip: "VAV 9" }),
    findable("d", { device: "VAV 9" }),
    findable("ses/a/Net1/Vav2/Temp"),
    findable("weather.temperature"),
  ];
  const list = equipmentList(points).map(({ id, parent, source, points: own }) => [id, parent, source, own]);
  expect(list).toEqual([
    ["tag:AHU 1", null, "tag", 0],
    ["tag:AHU 2", null, "tag", 0],
    ["name:Net1", null, "name", 0],
    ["device:VAV 9", null, "device", 1],
    ["tag:VAV 9", null, "tag", 1],
    ["tag:VAV 10", "tag:AHU 1", "tag", 2],
    ["name:Net1/Vav2", "name:Net1", "name", 1],
  ]);
});

test("parents form no circle, and every parent is in the list", () => {
  const name = fc.constantFrom("A", "B", "C", "D");
  fc.assert(
    fc.property(fc.array(fc.tuple(name, name), { maxLength: 8 }), (pairs) => {
      const points = pairs.map(([equip, ahuRef]) => findable(equip, { tags: { kv: { equip, ahuRef }, markers: [] } }));
      const list = equipmentList(points);
      const parents = new Map(list.map(({ id, parent }) => [id, parent]));
      expect(parents.size).toBe(list.length);
      expect(list.reduce((sum, { points: own }) => sum + own, 0)).toBe(points.length);
      const depths = list.map(({ id }) => {
        let depth = 0;
        for (let at = parents.get(id); at != null && depth < 9; at = parents.get(at)) {
          if (!parents.has(at)) return Infinity;
          depth++;
        }
        return depth;
      });
      expect(Math.max(0, ...depths)).toBeLessThan(4);
    }),
  );
});
