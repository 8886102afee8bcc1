import type { Equipment, PointSpec } from "./point-spec.ts";

/** The Niagara station's name for "ses_falls_city": "FallsCity". */
function stationName(site: string): string {
  const words = site.split("_").slice(1);
  return (words.length > 0 ? words : [site]).map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
}

const KIND_NAMES = { vav: "Vav", ahu: "Ahu", meter: "Meter", weather: "Weather" };
const FIRST_DEVICE = { vav: 8000, ahu: 5000, meter: 3000, weather: 1000 };

/** The BACnet device number, distinct within the building. */
export function deviceNumber({ kind, number }: Equipment): number {
  return FIRST_DEVICE[kind] + number;
}

export function deviceName(equipment: Equipment): string {
  return `${KIND_NAMES[equipment.kind]}${deviceNumber(equipment)}`;
}

/** Every other device is read over BACnet, the others through a Niagara station; each way has its style of names. */
export function isNiagara({ kind, number }: Equipment): boolean {
  return kind !== "weather" && number % 2 === 0;
}

/**
 * A point's name in the API.
 * @param index the point's index in its equipment, which numbers its BACnet object
 */
export function pointName(client: string, site: string, equipment: Equipment, spec: PointSpec, index: number): string {
  const root = `${client}/${site}`;
  if (equipment.kind === "weather") return `${root}/weather/${spec.key}`;
  const device = deviceNumber(equipment);
  if (!isNiagara(equipment)) return `${root}/8000:${device % 100}-${device}/${spec.objectType}/${101 + index}`;
  const station = `${stationName(site)}_CMC/C.Drivers.BacnetNetwork.Net8000`;
  return `${root}/192.168.96.4/n4/${station}.${deviceName(equipment)}.points.${spec.key}`;
}
