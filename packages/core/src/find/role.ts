import { splitName } from "./equipment.ts";
import type { FindablePoint } from "./point.ts";
import { wordsOf } from "./words.ts";

/** What a point is for, in the order in which people look for it: a smaller number comes first. */
export const ROLES = { measured: 0, command: 1, setpoint: 2, parameter: 3 } as const;
export type Role = (typeof ROLES)[keyof typeof ROLES];

/** Alarm limits and parameters of controllers. */
const PARAMETER_WORDS = new Set(
  "alarm alarms alm offset limit limits deadband delay differential hysteresis gain threshold timeout".split(" "),
);
const SETPOINT_WORDS = new Set("sp setpoint setpt stpt setpoints".split(" "));
const COMMAND_WORDS = new Set("cmd command enable override".split(" "));

/** Told from the markers, and from the words of the label and of the name after its equipment. */
export function roleOf(point: FindablePoint): Role {
  const markers = point.tags.markers.map((marker) => marker.toLowerCase());
  const own = wordsOf(`${splitName(point.name).own} ${point.label ?? ""}`);
  // "Set Point" and "SetPoint" are two words.
  const words = [...markers, ...own, ...own.slice(1).map((word, i) => `${own[i]}${word}`)];
  if (words.some((word) => PARAMETER_WORDS.has(word))) return ROLES.parameter;
  if (words.some((word) => SETPOINT_WORDS.has(word))) return ROLES.setpoint;
  if (markers.includes("sensor")) return ROLES.measured;
  return words.some((word) => COMMAND_WORDS.has(word)) ? ROLES.command : ROLES.measured;
}
