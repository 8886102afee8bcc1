import { turnOf } from "./angle.ts";
import type { PointTags } from "./point.ts";

/**
 * What a point's values measure, which decides how they are aggregated:
 * - `counter`: a register that only rises, such as the reading of a meter
 * - `net_counter`: a register that rises and falls, such as that of a meter which also exports
 * - `consumption`: the use since the sample before
 * - `gauge`: a quantity at a moment
 * - `state`: on or off, or one of a few modes
 * - `angle`: a direction
 */
export const QUANTITIES = ["counter", "net_counter", "consumption", "gauge", "state", "angle"] as const;
export type Quantity = (typeof QUANTITIES)[number];

export interface JudgedQuantity {
  readonly quantity: Quantity;
  /** the evidence, for people: `unit kWh` */
  readonly reason: string;
}

/** A point's metadata in the catalogue. */
export interface Described {
  readonly name: string;
  readonly label: string | null;
  /** normalised symbol; null: none */
  readonly unit: string | null;
  readonly tags: PointTags;
}

/** Units of what adds up: energy, volume, mass and time. */
const TOTALS = new Set(
  "Wh kWh MWh GWh VAh kVAh MVAh VArh kVArh MVArh J kJ MJ GJ BTU kBTU MMBTU therm ton·h m³ L mL hL ft³ gal galUK kg t lb shortTon h".split(
    " ",
  ),
);

/** BACnet object types of states, as a part of the name. */
const STATE_TYPE = /(?:^|\/)((?:binary|multi[-_]?state)[-_]?(?:input|output|value))(?:\/|$)/i;
/** Markers of states and commands in Haystack. */
const STATE_MARKERS = new Set(["bool", "enum"]);

/** Words of names such as `EnergyTotal`, `kwh_delta`, `Net Energy`: split at capitals and signs, in lower case. */
const words = (text: string) =>
  new Set(
    text
      .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
      .toLowerCase()
      .split(/[^a-z]+/),
  );

const SETPOINT = ["setpoint", "sp", "limit", "target", "max", "min"];
const INTERVAL = ["delta", "interval", "consumption"];
const TOTAL = ["total", "totalizer", "totaliser", "accumulated", "counter", "pulses", "runtime"];

/** Judges by unit, tags and name; the first rule that applies counts. */
export function quantityOf({ name, label, unit, tags }: Described): JudgedQuantity {
  if (unit !== null && turnOf(unit) !== null) return { quantity: "angle", reason: `unit ${unit}` };
  const kind = tags.kv["kind"]?.toLowerCase();
  if (kind === "bool" || kind === "str") return { quantity: "state", reason: `tag kind ${kind}` };
  const marker = tags.markers.find((tag) => STATE_MARKERS.has(tag.toLowerCase()));
  if (marker !== undefined) return { quantity: "state", reason: `marker ${marker}` };
  const type = STATE_TYPE.exec(name)?.[1];
  if (type !== undefined) return { quantity: "state", reason: `object type ${type}` };
  const text = label ?? name.slice(name.lastIndexOf("/") + 1);
  const known = words(text);
  const word = (list: readonly string[]) => list.find((one) => known.has(one));
  const total = word(TOTAL);
  if (unit !== null ? TOTALS.has(unit) : total !== undefined) {
    const evidence = unit === null ? `"${total}" in ${text}` : `unit ${unit}`;
    const set = word(SETPOINT);
    if (set !== undefined) return { quantity: "gauge", reason: `"${set}" in ${text}` };
    const interval = word(INTERVAL);
    if (interval !== undefined) return { quantity: "consumption", reason: `${evidence}, "${interval}" in ${text}` };
    if (known.has("net")) return { quantity: "net_counter", reason: `${evidence}, "net" in ${text}` };
    return { quantity: "counter", reason: evidence };
  }
  return { quantity: "gauge", reason: unit === null ? "neither unit nor tags say otherwise" : `unit ${unit}` };
}
