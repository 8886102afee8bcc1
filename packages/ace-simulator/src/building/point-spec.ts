import type { Signal } from "./signals.ts";
import type { ValueText } from "./value-text.ts";

/** What a point of a piece of equipment is and does, before it has a name in the API. */
export interface PointSpec {
  /** name within its equipment, in Niagara's style: "RoomTemp" */
  readonly key: string;
  readonly objectType: "analogInput" | "analogValue" | "analogOutput" | "binaryInput" | "binaryValue" | "binaryOutput";
  /** as BACnet drivers spell it, in any of their spellings; undefined where the property cannot be read */
  readonly units: string | undefined;
  /** marker tags in Haystack's style */
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
  /** 1-based among its kind in the building */
  readonly number: number;
  readonly points: readonly PointSpec[];
}
