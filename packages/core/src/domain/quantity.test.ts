import { expect, test } from "vitest";
import { type Described, quantityOf } from "./quantity.ts";

const NO_TAGS = { kv: {}, markers: [] };

test.each<[string, Partial<Described>, string, string]>([
  ["a meter's energy", { label: "Main EnergyTotal", unit: "kWh" }, "counter", "unit kWh"],
  ["a net meter", { label: "Net Energy", unit: "kWh" }, "net_counter", 'unit kWh, "net" in Net Energy'],
  ["the use of an interval", { label: "kwh_delta", unit: "kWh" }, "consumption", 'unit kWh, "delta" in kwh_delta'],
  ["a limit of energy", { label: "Energy Limit", unit: "kWh" }, "gauge", '"limit" in Energy Limit'],
  ["a total without a unit", { label: "GasPulses Total" }, "counter", '"total" in GasPulses Total'],
  ["hours of running", { label: "Runtime", unit: "h" }, "counter", "unit h"],
  ["power", { label: "Demand", unit: "kW" }, "gauge", "unit kW"],
  ["a flow", { label: "FlowTotal", unit: "gpm" }, "gauge", "unit gpm"],
  ["a wind direction", { label: "Wind", unit: "°" }, "angle", "unit °"],
  ["a phase", { unit: "°ph" }, "angle", "unit °ph"],
  ["a fan's status by its object type", { name: "ses/1/binaryInput/3" }, "state", "object type binaryInput"],
  ["a state by Haystack's kind", { tags: { kv: { kind: "Bool" }, markers: [] } }, "state", "tag kind bool"],
  ["a state by its marker", { tags: { kv: {}, markers: ["enum"] } }, "state", "marker enum"],
  ["anything else", { label: "Damper" }, "gauge", "neither unit nor tags say otherwise"],
])("%s", (_, given, quantity, reason) => {
  const point = { name: "ses/1/analogInput/2", label: null, unit: null, tags: NO_TAGS, ...given };
  expect(quantityOf(point)).toEqual({ quantity, reason });
});
