import type { PointTags } from "../domain/point.ts";

/**
 * Kind of a point's values:
 * - `sensor`: the catalogue says that they are measured
 * - `reading`: a quantity, measured or computed
 * - `set`: chosen by a person or a program, or a state; may be constant and jump
 */
export type PointKind = "sensor" | "reading" | "set";

/** A point's metadata in the upstream's catalogue. */
export interface PointNature {
  readonly name: string;
  readonly label: string | null;
  /** normalised symbol; null: none */
  readonly unit: string | null;
  readonly tags: PointTags;
}

/** BACnet object types without a measured quantity, as a part of the name. An output is a command. */
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

/** Words for setpoints in display names: `RoomTempSetpoint`, `OccCoolSp`, `HtgStpt`, `RoomTemp.AlarmOffset`. */
const SET_WORDS =
  /set[-_ ]?(?:point|pt)|stpt|spt(?![a-z])|(?:[a-z]Sp|(?:^|[^A-Za-z])[Ss][Pp])(?![a-z])|offset|deadband|limit|(?:^|[^a-z])cmd|command|enable/i;

/** Decides by the object type in the name, then by markers, then by words in the label or the name's last part. */
export function pointKind({ name, label, unit, tags }: PointNature): PointKind {
  if (STATES.test(name) || unit === null) return "set";
  if (tags.kv["kind"]?.toLowerCase() === "bool" || tags.markers.some((marker) => SET_MARKERS.has(marker.toLowerCase())))
    return "set";
  if (tags.markers.includes("sensor")) return "sensor";
  if (SET_WORDS.test(label ?? name.slice(name.lastIndexOf("/") + 1))) return "set";
  return INPUT.test(name) ? "sensor" : "reading";
}
