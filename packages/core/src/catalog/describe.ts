import type { AcePoint } from "../ace/point.ts";
import type { PointDescription } from "../domain/point.ts";
import { weatherFieldOf } from "../domain/weather.ts";
import { describeWeatherPoint } from "../transform/weather-points.ts";
import { normalizeUnit } from "./unit.ts";

function text(value: unknown): string | null {
  const trimmed = typeof value === "string" ? value.trim() : "";
  return trimmed === "" ? null : trimmed;
}

/** The catalogue's entry of a point that the upstream lists. */
export function describePoint(point: AcePoint): PointDescription {
  const weather = weatherFieldOf(point.name);
  if (weather !== null) return describeWeatherPoint(weather);
  const { bacnetData, kvTags } = point;
  const unitRaw = text(bacnetData["object_units"]) ?? text(kvTags["unit"]);
  const device = text(bacnetData["device_name"]);
  const object = text(bacnetData["object_name"]);
  const label = object !== null && device !== null ? `${device} ${object}` : object;
  return {
    name: point.name,
    label: label ?? text(kvTags["dis"]) ?? text(kvTags["navName"]),
    unit: normalizeUnit(unitRaw),
    unitRaw,
    tags: { kv: kvTags, markers: point.markerTags },
    device,
    intervalS: point.collectIntervalS === null ? null : Math.max(1, Math.round(point.collectIntervalS)),
    updatedAt: point.updatedAt,
  };
}
