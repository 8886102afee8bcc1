import type { Point } from "../api/points.ts";

const TEMPERATURE = /^°[FC]$/;
const OF_TEMPERATURE = 3;
const OF_POWER = 1;

/**
 * The points charted by default: some temperatures and a power, or other measured points, with samples, and of several
 * devices if there are several.
 */
export function proposedPoints(points: readonly Point[]): string[] {
  const alive = points.filter(({ configured, last_seen, unit }) => configured && last_seen !== null && unit !== null);
  const isWeather = ({ tags }: Point) => tags.markers.includes("weather");
  const temperatures = alive.filter((point) => TEMPERATURE.test(point.unit ?? "") && !isWeather(point));
  const power = alive.filter(({ unit }) => unit === "kW");
  const others = alive.filter((point) => !TEMPERATURE.test(point.unit ?? "") && !isWeather(point));
  const chosen = [
    ...spread(temperatures.filter(isSensor), OF_TEMPERATURE),
    ...(power.length > 0 ? power : others).slice(0, OF_POWER),
  ];
  return (chosen.length > 0 ? chosen : alive.slice(0, OF_TEMPERATURE)).map(({ name }) => name);
}

/** A setpoint is a flat line. */
function isSensor({ name, label, tags }: Point): boolean {
  return !tags.markers.includes("sp") && !/set ?p(?:oin)?t|offset|alarm/i.test(`${name} ${label ?? ""}`);
}

/** Points far apart in the list: neighbours belong to one device. */
function spread(points: readonly Point[], count: number): Point[] {
  if (points.length <= count) return [...points];
  return Array.from({ length: count }, (_, i) => points[Math.floor((i * points.length) / count)]!);
}
