import { weatherFieldOf } from "../domain/weather.ts";
import type { FindablePoint } from "./point.ts";

/** How the equipment of a point is known. */
export type EquipmentSource = "tag" | "device" | "name";

/** A piece of equipment, or a network or station that holds some. */
export interface EquipmentPlace {
  /** its source and what the source calls it: the same while tags, device and names stay */
  readonly id: string;
  readonly name: string;
  readonly source: EquipmentSource;
  readonly parent: EquipmentPlace | null;
}

/** Tags that hold the equipment of a point, the first of them that it has. */
const EQUIPMENT_TAGS = ["equipref", "equip", "equipname", "equipment"];
/** Tags that hold what serves the equipment. */
const PARENT_TAGS = ["ahuref", "airref"];

/** A text, `@id "name"` or `r:id name`. */
const REFERENCE = /^(?:@(?<zinc>\S+)(?:\s+"(?<dis>[^"]*)")?|r:(?<json>\S+)(?:\s+(?<rest>.+))?)$/;

/** @param value of a tag: a name, or a Haystack reference with or without a name */
function ofTag(value: string, parent: EquipmentPlace | null): EquipmentPlace {
  const { zinc, dis, json, rest } = REFERENCE.exec(value)?.groups ?? {};
  const key = zinc ?? json ?? value;
  return { id: `tag:${key}`, name: dis ?? rest ?? key, source: "tag", parent };
}

function tagValue(point: FindablePoint, names: readonly string[]): string | null {
  const entries = Object.entries(point.tags.kv);
  for (const name of names) {
    const value = entries.find(([key]) => key.toLowerCase() === name)?.[1].trim();
    if (value !== undefined && value !== "") return value;
  }
  return null;
}

function fromTags(point: FindablePoint): EquipmentPlace | null {
  const own = tagValue(point, EQUIPMENT_TAGS);
  if (own === null) return null;
  const served = tagValue(point, PARENT_TAGS);
  const place = ofTag(own, served === null ? null : ofTag(served, null));
  return place.id === place.parent?.id ? { ...place, parent: null } : place;
}

/** Folders of a Niagara station that hold no equipment themselves. */
const FOLDERS = /^(?:c|n4|drivers|points|\w*network)$/i;
const BACNET_OBJECT = /^(?:analog|binary|multiState)(?:Input|Output|Value)$/;

/**
 * Splits a name into the path of its equipment and the point's own part.
 * `client/site/8000:33-8033/analogValue/102`: the device, and the object.
 * `client/site/…/C.Drivers.BacnetNetwork.Net8000.Vav814.points.RoomTemp`: what stands before `points`, and the rest.
 * `client/site/Ahu1/SupplyTemp` or `Ahu1.SupplyTemp`: all but the last part, and the last.
 */
export function splitName(name: string): { readonly path: string[]; readonly own: string } {
  const parts = name.split("/").filter((part) => part !== "");
  const place = parts.length > 2 ? parts.slice(2) : parts;
  const last = place.at(-1) ?? name;
  const isObject = place.length > 2 && BACNET_OBJECT.test(place.at(-2) ?? "") && /^\d+$/.test(last);
  if (isObject) return { path: place.slice(0, -2), own: `${place.at(-2)}/${last}` };
  const dotted = last.split(".").filter((part) => part !== "");
  const folder = dotted.lastIndexOf("points");
  const end = folder > 0 ? folder : Math.max(0, dotted.length - 1);
  return {
    path: [...place.slice(0, -1), ...dotted.slice(0, end)].filter((part) => !FOLDERS.test(part)),
    own: dotted.slice(folder > 0 ? folder + 1 : end).join("."),
  };
}

function fromName(point: FindablePoint): EquipmentPlace | null {
  if (weatherFieldOf(point.name) !== null) return null;
  const { path } = splitName(point.name);
  return path.reduce<EquipmentPlace | null>(
    (parent, name, i) => ({ id: `name:${path.slice(0, i + 1).join("/")}`, name, source: "name", parent }),
    null,
  );
}

/** The equipment that a point belongs to, by its tags, else its BACnet device, else its name; null: none is known. */
export function equipmentOf(point: FindablePoint): EquipmentPlace | null {
  const { device } = point;
  const byDevice: EquipmentPlace | null =
    device === null ? null : { id: `device:${device}`, name: device, source: "device", parent: null };
  return fromTags(point) ?? byDevice ?? fromName(point);
}
