import type { PointTags } from "../domain/point.ts";

/**
 * What a point's values are. `sensor`: somebody says that they are measured; `reading`: a quantity, measured or computed;
 * `set`: chosen by a person or a program, or a state, so that it may stand still and jump as it likes.
 */
export type PointKind = "sensor" | "reading" | "set";

/** What is known of a point from the upstream's catalogue. */
export interface PointNature {
  readonly name: string;
  readonly label: string | null;
  /** normalised symbol; null: none */
  readonly unit: string | null;
  readonly tags: PointTags;
}

/** BACnet object types that hold no measured quantity, as a part of the name; an output is a command. */
const STATES =
  /(?:^|\/)(?:binary|multi[-_]?state)[-_]?(?:input|output|value)(?:\/|$)|(?:^|\/)analog[-_]?output(?:\/|$)/i;
const INPUT = /(?:^|\/)analog[-_]?input(?:\/|$)/i;

/** Haystack's markers of setpoints, commands and states. */
const SET_MARKERS = new Set([
  "sp",
  "setpoint",
  "cmd",
  "bool",
  "enum",
  "enable",
  "alarm",
  "fault",
  "run",
  "state",
  "occ",
]);

/** Words of setpoints in names for people: `RoomTempSetpoint`, `OccCoolSp`, `HtgStpt`, `RoomTemp.AlarmOffset`. */
const SET_WORDS =
  /set[-_ ]?(?:point|pt)|stpt|spt(?![a-z])|(?:[a-z]Sp|(?:^|[^A-Za-z])[Ss][Pp])(?![a-z])|offset|deadband|limit|(?:^|[^a-z])cmd|command|enable/i;

/** Told by the object type in the name, then by markers, then by the words of the label or the name's last part. */
export function pointKind({ name, label, unit, tags }: PointNature): PointKind {
  if (STATES.test(name) || unit === null) return "set";
  if (tags.kv["kind"]?.toLowerCase() === "bool" || tags.markers.some((marker) => SET_MARKERS.has(marker.toLowerCase())))
    return "set";
  if (tags.markers.includes("sensor")) return "sensor";
  if (SET_WORDS.test(label ?? name.slice(name.lastIndexOf("/") + 1))) return "set";
  return INPUT.test(name) ? "sensor" : "reading";
}
