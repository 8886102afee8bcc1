import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findable } from "../../test/findable.ts";
import { PointIndex, type PointQuery } from "./point-index.ts";
import type { FindablePoint } from "./point.ts";
import { roleOf } from "./role.ts";

const NIAGARA = "ses/falls/192.168.96.4/n4/Falls_CMC/C.Drivers.BacnetNetwork.Net8000";

/** A BACnet point as the upstream lists it. */
function bacnet(device: string, number: number, object: string, markers: string, unit: string | null): FindablePoint {
  return findable(`ses/falls/8000:${number % 100}-${number}/analogValue/${object.length + 100}`, {
    label: `${device} ${device}.${object}`,
    device,
    unit,
    tags: { kv: { equip: device }, markers: markers.split(" ") },
  });
}

const POINTS = [
  bacnet("Ahu5002", 5002, "SupplyTemp", "discharge air temp sensor", "°F"),
  bacnet("Ahu5002", 5002, "SupplyTempSetpoint", "discharge air temp sp", "°F"),
  bacnet("Ahu5002", 5002, "SupplyTempAlarmOffset", "alarm sp", "Δ°F"),
  bacnet("Ahu5002", 5002, "SupplyFanCmd", "discharge fan cmd", null),
  bacnet("Ahu5010", 5010, "SupplyTemp", "discharge air temp sensor", "°F"),
  bacnet("Vav2", 2, "RoomTemp", "zone air temp sensor", "°F"),
  bacnet("Vav10", 10, "RoomTemp", "zone air temp sensor", "°F"),
  bacnet("Vav1", 1, "RoomTemp", "zone air temp sensor", "°F"),
  bacnet("Vav1", 1, "RoomTempSetpoint", "zone air temp sp", "°F"),
  findable(`${NIAGARA}.Vav814.points.ZoneTemp`, { unit: "°F", unitRaw: "degrees-fahrenheit" }),
  findable(`${NIAGARA}.Vav814.points.ZoneTemp.AlarmOffset`),
  findable("lab/roomco2", { label: "thermostat", tags: { kv: { floor: "2" }, markers: [] } }),
  findable("VAV-08/Damper", { unit: "%" }),
];
const index = new PointIndex("falls", POINTS);
/** The label's object, or the end of the name. */
const shown = (query: PointQuery) =>
  index.find(query).map(({ label, name }) => label?.split(" ").at(-1) ?? name.split(/points\.|\/(?=Damper)/).at(-1)!);

describe("a search finds what a person means, the best first", () => {
  const ahu5002 = [
    "Ahu5002.SupplyTemp",
    "Ahu5002.SupplyFanCmd",
    "Ahu5002.SupplyTempSetpoint",
    "Ahu5002.SupplyTempAlarmOffset",
  ];
  const rooms = ["Vav1.RoomTemp", "Vav2.RoomTemp", "Vav10.RoomTemp"];
  test.each<[string, string[]]>([
    ["ahu5002 supply", ahu5002],
    ["supply AHU5002", ahu5002],
    ["AHU-5002 supply", ahu5002],
    ["ahu 5002", ahu5002],
    ["AHU-5002", ahu5002],
    ["ahu_5002", ahu5002],
    ["5002", ahu5002],
    ["5002 supply temp", ahu5002.filter((name) => name.includes("Temp"))],
    ["supplytemp setpoint", ["Ahu5002.SupplyTempSetpoint"]],
    ["ahu50", [ahu5002[0]!, "Ahu5010.SupplyTemp", ...ahu5002.slice(1)]],
    ["zone temp", ["ZoneTemp", ...rooms, "Vav1.RoomTempSetpoint", "ZoneTemp.AlarmOffset"]],
    ["zone temperature", ["ZoneTemp", ...rooms, "Vav1.RoomTempSetpoint", "ZoneTemp.AlarmOffset"]],
    ["roomtemp", ["Vav1.RoomTemp", "Vav2.RoomTemp", "Vav10.RoomTemp", "Vav1.RoomTempSetpoint"]],
    ["vav1", ["Vav1.RoomTemp", "Vav1.RoomTempSetpoint", "Vav10.RoomTemp"]],
    ["VAV 8", ["Damper", "ZoneTemp", "ZoneTemp.AlarmOffset"]],
    ["vav8", ["Damper", "ZoneTemp", "ZoneTemp.AlarmOffset"]],
    ["vav 0008", ["Damper", "ZoneTemp", "ZoneTemp.AlarmOffset"]],
    ["vav-0", ["Damper"]],
    ["fahrenheit", ["ZoneTemp"]],
    ["damper %", ["Damper"]],
    ["mosta", ["thermostat"]],
    ["floor 2", ["thermostat"]],
    ["co₂", ["thermostat"]],
    ["falls nowhere", []],
    ["{", []],
    ["...", []],
  ])("%s", (search, found) => {
    const all = shown({ search });
    // Points of other equipment may follow, never precede.
    expect(all.slice(0, found.length)).toEqual(found);
    if (found.length === 0) expect(all).toEqual([]);
  });

  test("words inside of other words come last", () => {
    const points = [findable("a thermostat"), findable("zz most")];
    expect(new PointIndex("falls", points).find({ search: "most" }).map(({ name }) => name)).toEqual([
      "zz most",
      "a thermostat",
    ]);
  });

  test("a whole name finds its point first", () => {
    for (const { name } of POINTS) expect(index.find({ search: name })[0]?.name).toBe(name);
  });
});

test.each([
  ["RoomTemp", [], 0],
  ["FanCmd", ["cmd"], 1],
  ["FanCmd", [], 1],
  ["RoomTempSp", [], 2],
  ["Cooling Set Point", [], 2],
  ["RoomTemp", ["sp"], 2],
  ["RoomTemp.AlarmOffset", [], 3],
  ["RoomTemp", ["alarm", "sp"], 3],
  ["SpaceTemp", ["sensor"], 0],
])("%s with the markers %j has the role %i", (own, markers, role) => {
  expect(roleOf(findable(`Alarm panel/${own}`, { tags: { kv: {}, markers } }))).toBe(role);
});

test("tag and unit narrow a search", () => {
  expect(shown({ tag: "sensor", search: "ahu supply" })).toEqual(["Ahu5002.SupplyTemp", "Ahu5010.SupplyTemp"]);
  expect(shown({ tag: "equip:Vav2" })).toEqual(["Vav2.RoomTemp"]);
  expect(shown({ tag: "floor" })).toEqual(["thermostat"]);
  expect(shown({ unit: "DEGREES-fahrenheit" })).toEqual(["ZoneTemp"]);
  expect(shown({ tag: "Vav2" })).toEqual([]);
});

test("without a search points are in the natural order of their names", () => {
  const names = ["b10", "a", "B9", "b010", "A"];
  const found = new PointIndex(
    "falls",
    names.map((name) => findable(name)),
  ).find({});
  expect(found.map(({ name }) => name)).toEqual(["A", "a", "B9", "b010", "b10"]);
});

/** Whether a text has a word, read naively: with all separators taken out. */
const naiveHas = (texts: readonly string[], word: string) =>
  texts.some((text) =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z\d°%]/g, "")
      .includes(word.toLowerCase().replaceAll(/[^a-z\d°%]/g, "")),
  );

test("a search finds all points that hold its words, as a naive search does", () => {
  const text = fc.stringMatching(/^[aB1]{1,3}([-. ][aB2]{1,3}){0,2}$/);
  const anyPoint = fc.record({ name: text, label: fc.option(text), markers: fc.array(text, { maxLength: 2 }) });
  fc.assert(
    fc.property(
      fc.uniqueArray(anyPoint, { selector: ({ name }) => name, maxLength: 12 }),
      fc.array(fc.stringMatching(/^[ab12]{1,3}$/), { minLength: 1, maxLength: 3 }),
      (given, words) => {
        const points = given.map(({ name, label, markers }) => findable(name, { label, tags: { kv: {}, markers } }));
        const found = new PointIndex("falls", points).find({ search: words.join(" ") }).map(({ name }) => name);
        const wanted = points.filter(({ name, label, tags }) =>
          words.every((word) => naiveHas([name, label ?? "", ...tags.markers], word)),
        );
        expect(found.toSorted()).toEqual(wanted.map(({ name }) => name).toSorted());
      },
    ),
  );
});

test.each<PointQuery>([{}, { search: "a" }, { search: "b 1" }])(
  "the pages of %j are all of its points, once",
  (query) => {
    const name = fc.stringMatching(/^[aAbB019 .\n-]{1,5}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 20 }), fc.integer({ min: 1, max: 7 }), (names, limit) => {
        const all = new PointIndex(
          "falls",
          names.map((one) => findable(one)),
        );
        const ids: number[] = [];
        for (let cursor: string | undefined; ;) {
          const page = all.page(query, cursor, limit)!;
          ids.push(...page.ids);
          expect(page.ids.length).toBeLessThanOrEqual(limit);
          if (page.next === null) break;
          expect(page.ids).toHaveLength(limit);
          cursor = page.next;
        }
        expect(ids).toEqual(all.find(query).map(({ id }) => id));
      }),
    );
  },
);

test("a cursor that no page gave", () => {
  expect(index.page({ search: "temp" }, "Ahu5002", 5)).toBeNull();
  // The point is gone: its rank comes again.
  const { next } = index.page({ search: "temp" }, undefined, 2)!;
  const rank = next!.split(" ")[0]!;
  const again = index.page({ search: "temp" }, `${rank} gone`, 100)!;
  expect(again.ids.length).toBeGreaterThanOrEqual(index.find({ search: "temp" }).length - 2);
});
