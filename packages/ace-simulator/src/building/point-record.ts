import { formatMicroseconds } from "../api/ace-time.ts";
import { deviceName, deviceNumber, isNiagara, pointName } from "./equipment-names.ts";
import type { CollectInterval, Equipment, PointSpec } from "./point-spec.ts";
import type { PointRecord } from "../scrape-source.ts";

interface PointPlace {
  readonly id: number;
  /** index in the site */
  readonly number: number;
  readonly client: string;
  readonly site: string;
  readonly equipment: Equipment;
  /** index in the equipment */
  readonly index: number;
  readonly collectEnabled: boolean;
  readonly collectInterval: CollectInterval | null;
}

/** 2024-03-01 UTC in epoch microseconds; points were added from then on, a few seconds apart. */
const FIRST_CREATED_US = 1_709_251_200_000_000;

function bacnetData(equipment: Equipment, spec: PointSpec, index: number): Record<string, string | number> {
  if (equipment.kind === "weather") return {};
  return {
    device_id: deviceNumber(equipment),
    device_name: deviceName(equipment),
    object_name: `${deviceName(equipment)}.${spec.key}`,
    object_type: spec.objectType,
    object_index: 101 + index,
    object_units: spec.units ?? "property: unknown-property",
    object_description: "property: unknown-property",
  };
}

/** The catalogue's record of a point. */
export function pointRecord(spec: PointSpec, place: PointPlace): PointRecord {
  const { id, number, client, site, equipment, index, collectEnabled, collectInterval } = place;
  // Niagara stations give the unit as a tag, too
  const unit = isNiagara(equipment) && spec.units !== undefined && spec.units !== "" ? { unit: spec.units } : {};
  return {
    id,
    name: pointName(client, site, equipment, spec, index),
    client,
    site,
    kv_tags: equipment.kind === "weather" ? {} : { equip: deviceName(equipment), ...unit },
    marker_tags: [...spec.markers, "point"],
    bacnet_data: bacnetData(equipment, spec, index),
    collect_config: {},
    point_type: equipment.kind === "weather" ? null : isNiagara(equipment) ? "niagara" : "bacnet",
    collect_enabled: collectEnabled,
    collect_interval: collectInterval,
    updated: formatMicroseconds(FIRST_CREATED_US + number * 7_412_345 + 86_400_000_000),
    created: formatMicroseconds(FIRST_CREATED_US + number * 7_412_345),
  };
}
