import type { Signal } from "./signals.ts";
import type { ValueText } from "./value-text.ts";

/** A point of a piece of equipment, before it has a name in the API. */
export interface PointSpec {
  /** name within its equipment, in Niagara's style: "RoomTemp" */
  readonly key: string;
  readonly objectType: "analogInput" | "analogValue" | "analogOutput" | "binaryInput" | "binaryValue" | "binaryOutput";
  /** in any spelling of BACnet drivers; undefined: the property cannot be read */
  readonly units: string | undefined;
  /** marker tags of Haystack */
  readonly markers: readonly string[];
  /** seconds between samples; null: the site's default of 60 */
  readonly interval: CollectInterval | null;
  readonly signal: Signal;
  readonly text: ValueText;
}

/** Seconds. */
export type CollectInterval = 30 | 60 | 300 | 600;

/** A device with points. */
export interface Equipment {
  readonly kind: "vav" | "ahu" | "meter" | "weather";
  /** from 1 among its kind in the building */
  readonly number: number;
  readonly points: readonly PointSpec[];
}
