import { seedFor, unitHash } from "./noise.ts";
import type { Equipment, PointSpec } from "./point-spec.ts";
import {
  clamped,
  constant,
  drift,
  schedule,
  sensorNoise,
  setpoint,
  sum,
  switching,
  wander,
  type Signal,
} from "./signals.ts";
import { activeInactive, float32, tenths, trueFalse, wholeText } from "./value-text.ts";

const MINUTE_MS = 60_000;

/** A variable-air-volume box and its zone. */
export function vav(seed: number, number: number): Equipment {
  const own = (name: string): number => seedFor(seed, `vav ${number} ${name}`);
  const runs = schedule(own("schedule"));
  const wanted = setpoint(own("setpoint"), 71 + Math.round(unitHash(own("taste"), 0) * 8) / 2, 78, 2);
  const maximumFlow = 400 + Math.round(unitHash(own("size"), 0) * 24) * 50;

  const gain: Signal = (moment) => 1.8 * moment.people + 0.05 * (moment.outdoor.temp - 18);
  const room = sum(
    wanted,
    gain,
    wander(own("room"), 1.2, 45 * MINUTE_MS),
    drift(own("room drift"), 0.8),
    sensorNoise(own("room noise"), 0.08),
  );
  const demand = clamped(
    sum((moment) => 0.25 + 0.5 * moment.people, wander(own("demand"), 0.25, 25 * MINUTE_MS)),
    0.1,
    1,
  );
  const damper: Signal = (moment) => (runs(moment) === 1 ? 100 * demand(moment) : 0);
  const reheat = clamped(
    sum((moment) => (14 - moment.outdoor.temp) * 4 * runs(moment), wander(own("reheat"), 20, 35 * MINUTE_MS)),
    0,
    100,
  );
  const flow: Signal = (moment) => (maximumFlow * damper(moment)) / 100;

  const points: PointSpec[] = [
    {
      key: "RoomTemp",
      objectType: "analogInput",
      units: "degrees-fahrenheit",
      markers: ["zone", "air", "temp", "sensor"],
      interval: 60,
      signal: room,
      text: tenths,
    },
    {
      key: "RoomTempSetpoint",
      objectType: "analogValue",
      units: "degreesFahrenheit",
      markers: ["zone", "air", "temp", "sp"],
      interval: 300,
      signal: wanted,
      text: tenths,
    },
    {
      key: "AirFlow",
      objectType: "analogInput",
      units: "cubic-feet-per-minute",
      markers: ["discharge", "air", "flow", "sensor"],
      interval: 60,
      signal: clamped(sum(flow, sensorNoise(own("flow"), 12)), 0, 5000),
      text: float32,
    },
    {
      key: "AirFlowSetpoint",
      objectType: "analogValue",
      units: "cubicFeetPerMinute",
      markers: ["discharge", "air", "flow", "sp"],
      interval: 60,
      signal: (moment) => Math.round(flow(moment) / 10) * 10,
      text: wholeText,
    },
    {
      key: "DamperPosition",
      objectType: "analogOutput",
      units: "percent",
      markers: ["damper", "cmd"],
      interval: 60,
      signal: damper,
      text: tenths,
    },
    {
      key: "ReheatValve",
      objectType: "analogOutput",
      units: "percent",
      markers: ["hot", "water", "valve", "cmd"],
      interval: null,
      signal: reheat,
      text: tenths,
    },
    {
      key: "DischargeAirTemp",
      objectType: "analogInput",
      units: "degrees-fahrenheit",
      markers: ["discharge", "air", "temp", "sensor"],
      interval: 60,
      signal: sum((moment) => 56 + 0.35 * reheat(moment), sensorNoise(own("discharge"), 0.3)),
      text: float32,
    },
    {
      key: "Occupied",
      objectType: "binaryValue",
      units: "",
      markers: ["occ", "sp"],
      interval: 60,
      signal: runs,
      text: activeInactive,
    },
    {
      key: "Motion",
      objectType: "binaryInput",
      units: "noUnits",
      markers: ["zone", "occupied", "sensor"],
      interval: 60,
      signal: switching(own("motion"), 7 * MINUTE_MS, (moment) => 0.9 * moment.people),
      text: trueFalse,
    },
    {
      key: "RoomCo2",
      objectType: "analogInput",
      units: "parts-per-million",
      markers: ["zone", "air", "co2", "sensor"],
      interval: 300,
      signal: sum(
        (moment) => 415 + 420 * moment.people,
        wander(own("co2"), 60, 20 * MINUTE_MS),
        sensorNoise(own("co2 noise"), 8),
        drift(own("co2 drift"), 25),
      ),
      text: wholeText,
    },
    {
      key: "RoomHumidity",
      objectType: "analogInput",
      units: "percentRelativeHumidity",
      markers: ["zone", "air", "humidity", "sensor"],
      interval: 300,
      signal: sum((moment) => 30 + 0.22 * moment.outdoor.humidity, wander(own("humidity"), 5, 180 * MINUTE_MS)),
      text: float32,
    },
    {
      key: "RoomTemp.AlarmOffset",
      objectType: "analogValue",
      units: undefined,
      markers: ["alarm", "sp"],
      interval: 600,
      signal: constant(5),
      text: tenths,
    },
  ];
  return { kind: "vav", number, points };
}
