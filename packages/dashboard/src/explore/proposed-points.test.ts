import { expect, it } from "vitest";
import type { Point } from "../api/points.ts";
import { pointTitle } from "./point-title.ts";
import { proposedPoints } from "./proposed-points.ts";

function point(name: string, unit: string | null, rest: Partial<Point> = {}): Point {
  const tags = { kv: {}, markers: [] };
  return {
    name,
    unit,
    label: null,
    tags,
    interval_s: 60,
    gap_after_s: 180,
    configured: true,
    last_seen: "2026-01-01T00:00:00Z",
    ...rest,
  };
}

it("proposes temperatures of several devices and a power, with varying samples", () => {
  const weather = point("weather.temperature", "°C", { tags: { kv: {}, markers: ["weather"] } });
  const points = [
    point("a/RoomTemp", "°F"),
    point("a/RoomTempSetpoint", "°F"),
    point("b/RoomTemp", "°F"),
    point("c/RoomTemp", "°F", { last_seen: null }),
    point("d/RoomTemp", "°F", { configured: false }),
    point("e/RoomTemp", "°F"),
    point("f/RoomTemp", "°F"),
    point("f/Flow", "cfm"),
    point("g/Power", "kW"),
    weather,
  ];
  expect(proposedPoints(points)).toEqual(["a/RoomTemp", "b/RoomTemp", "e/RoomTemp", "g/Power"]);
  expect(proposedPoints([point("x", "ppm"), point("y", "ppm")])).toEqual(["x"]);
  expect(proposedPoints([weather])).toEqual(["weather.temperature"]);
  expect(proposedPoints([])).toEqual([]);
});

it("names a point by its label, or by the end of its name", () => {
  expect(pointTitle("a/b/c", point("a/b/c", null, { label: "Supply air" }))).toBe("Supply air");
  expect(pointTitle("a", point("a", null, { label: "Vav8002 Vav8002.RoomTemp" }))).toBe("Vav8002.RoomTemp");
  expect(pointTitle("ses/falls/8000:1-3001/analogInput/102", undefined)).toBe("8000:1-3001/analogInput/102");
  expect(pointTitle("ses/n4/C.Drivers.Net8000.Vav8002.points.RoomTemp", undefined)).toBe("Vav8002 RoomTemp");
  expect(pointTitle("ses/falls/weather/temp", undefined)).toBe("weather/temp");
  expect(pointTitle("weather.temperature", undefined)).toBe("weather.temperature");
});
