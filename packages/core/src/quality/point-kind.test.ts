import { expect, test } from "vitest";
import { pointKind, type PointKind } from "./point-kind.ts";

const PLAIN = { name: "ses/x/8000:33-8033/analogValue/102", label: null, unit: "°F", tags: { kv: {}, markers: [] } };
const marked = (...markers: string[]) => ({ tags: { kv: {}, markers } });

test.each<[string, Partial<typeof PLAIN> | object, PointKind]>([
  ["an analog value with a unit", {}, "reading"],
  ["an analog input", { name: "ses/x/8000:33-8033/analogInput/1" }, "sensor"],
  ["an analog input in another spelling", { name: "ses/x/33/analog-input/1" }, "sensor"],
  ["a point marked as a sensor", marked("zone", "temp", "sensor"), "sensor"],
  ["an output is a command", { name: "ses/x/33/analogOutput/1" }, "set"],
  ["a binary input, marked as a sensor", { name: "ses/x/33/binaryInput/1", ...marked("sensor") }, "set"],
  ["a multi-state value", { name: "ses/x/33/multiStateValue/1" }, "set"],
  ["a setpoint by its marker", marked("temp", "sp"), "set"],
  ["a command by its marker", marked("damper", "cmd"), "set"],
  ["a truth value by its kind", { tags: { kv: { kind: "Bool" }, markers: [] } }, "set"],
  ["a setpoint by its label", { label: "VAV-814 RoomTempSetpoint" }, "set"],
  ["a setpoint, abbreviated", { label: "VAV-814 OccCoolSp" }, "set"],
  ["a setpoint, abbreviated otherwise", { label: "VAV-814 HTG_STPT" }, "set"],
  ["an offset", { label: "VAV-814 RoomTemp.AlarmOffset" }, "set"],
  ["a space is no setpoint", { label: "Space Temp" }, "reading"],
  ["a display is no setpoint", { label: "VAV-1 DisplayTemp" }, "reading"],
  ["a setpoint by the name alone", { name: "ses/x/vav1/RoomTempSetpoint" }, "set"],
  ["no unit: a state, a mode, a count", { unit: null }, "set"],
])("%s", (_, given, kind) => {
  expect(pointKind({ ...PLAIN, ...given })).toBe(kind);
});
