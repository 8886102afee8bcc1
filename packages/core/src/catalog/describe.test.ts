import { expect, test } from "vitest";
import { acePointSchema } from "../ace/point.ts";
import { describePoint } from "./describe.ts";

const describeRaw = (point: Record<string, unknown>) => describePoint(acePointSchema.parse({ name: "a/b", ...point }));

test("describes a BACnet point of the upstream", () => {
  const description = describeRaw({
    id: 7,
    collect_interval: 300,
    kv_tags: { equip: "VAV 1" },
    marker_tags: ["zone", "temp"],
    bacnet_data: { device_name: "VAV 1", object_name: "RoomTemp", object_units: "degrees-fahrenheit" },
    updated: "2025-10-12T14:50:36.055960",
  });
  expect(description).toEqual({
    name: "a/b",
    label: "VAV 1 RoomTemp",
    unit: "°F",
    unitRaw: "degrees-fahrenheit",
    tags: { kv: { equip: "VAV 1" }, markers: ["zone", "temp"] },
    device: "VAV 1",
    intervalS: 300,
    updatedAt: Date.UTC(2025, 9, 12, 14, 50, 36, 55),
  });
});

test("describes a point with only a name", () => {
  const tags = { kv: {}, markers: [] };
  const nothing = { label: null, unit: null, unitRaw: null, tags, device: null, intervalS: null, updatedAt: null };
  expect(describeRaw({})).toEqual({ name: "a/b", ...nothing });
  expect(describeRaw({ updated: "yesterday" })).toEqual({ name: "a/b", ...nothing });
});

test.each([
  [{ bacnet_data: { object_name: " RoomTemp " } }, "RoomTemp"],
  [{ bacnet_data: { device_name: "VAV 1" } }, null],
  [{ bacnet_data: { device_name: "VAV 1" }, kv_tags: { dis: "Room" } }, "Room"],
  [{ bacnet_data: { object_name: "property: unknown-property" }, kv_tags: { navName: "Nav" } }, "Nav"],
  [{ bacnet_data: { object_name: 5 }, kv_tags: { dis: "", navName: "Nav" } }, "Nav"],
])("the label of %j is %s", (point, label) => {
  expect(describeRaw(point).label).toBe(label);
});

test.each([
  [{ bacnet_data: { object_units: "percent" }, kv_tags: { unit: "kW" } }, "%", "percent"],
  [{ bacnet_data: { object_units: "" }, kv_tags: { unit: "kW" } }, "kW", "kW"],
  [{ bacnet_data: { object_units: "property: unknown-property" }, kv_tags: { unit: "degF" } }, "°F", "degF"],
  [{ bacnet_data: { object_units: "noUnits" } }, null, "noUnits"],
  [{ bacnet_data: { object_units: "smoots" } }, "smoots", "smoots"],
])("the unit of %j is %s", (point, unit, unitRaw) => {
  expect(describeRaw(point)).toMatchObject({ unit, unitRaw });
});

test.each([
  [30, 30],
  [59.6, 60],
  [0.2, 1],
  [0, null],
  [-5, null],
  [null, null],
  ["60", null],
  [31_536_000, 31_536_000],
  [31_536_001, null],
  [1e300, null],
])("a collect_interval of %j is %j s", (given, intervalS) => {
  expect(describeRaw({ collect_interval: given }).intervalS).toBe(intervalS);
});
