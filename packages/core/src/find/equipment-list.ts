import { type EquipmentPlace, type EquipmentSource, equipmentOf } from "./equipment.ts";
import type { FindablePoint } from "./point.ts";
import { naturalKey } from "./words.ts";

/** A piece of equipment of a site, or a network or station that holds some. */
export interface Equipment {
  readonly id: string;
  readonly name: string;
  /** id of the equipment that it is part of or served by; null: not known */
  readonly parent: string | null;
  readonly source: EquipmentSource;
  /** number of points, without the points of its parts */
  readonly points: number;
}

interface Entry {
  readonly place: EquipmentPlace;
  parent: string | null;
  points: number;
}

/**
 * The equipment of a site's points, flat, in the natural order of names. Where points disagree about a parent, the
 * first point's counts. Parent chains have no cycles.
 * @param points in a stable order
 */
export function equipmentList(points: readonly FindablePoint[]): Equipment[] {
  const entries = new Map<string, Entry>();
  for (const point of points) {
    const own = equipmentOf(point);
    for (let place = own; place !== null; place = place.parent) {
      const entry = entries.get(place.id) ?? { place, parent: null, points: 0 };
      entries.set(place.id, entry);
      if (place === own) entry.points++;
      if (place.parent !== null) entry.parent ??= place.parent.id;
    }
  }
  for (const [id, entry] of entries) if (isInCircle(entries, id)) entry.parent = null;
  const list = [...entries].map(
    ([
      id,
      {
        place: { name, source },
        parent,
        points: own,
      },
    ]) => ({
      key: naturalKey(name),
      equipment: { id, name, parent, source, points: own },
    }),
  );
  list.sort((a, b) => (a.key < b.key || (a.key === b.key && a.equipment.id < b.equipment.id) ? -1 : 1));
  return list.map(({ equipment }) => equipment);
}

function isInCircle(entries: ReadonlyMap<string, Entry>, id: string): boolean {
  const seen = new Set<string>();
  for (let at = entries.get(id)?.parent ?? null; at !== null; at = entries.get(at)?.parent ?? null) {
    if (at === id) return true;
    if (seen.has(at)) return false;
    seen.add(at);
  }
  return false;
}
