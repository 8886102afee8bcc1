import { seedFor } from "./noise.ts";
import type { Equipment, PointSpec } from "./point-spec.ts";
import { clamped, drift, schedule, sensorNoise, setpoint, sum, switching, wander, type Signal } from "./signals.ts";
import { activeInactive, float32, tenths, trueFalse } from "./value-text.ts";

const MINUTE_MS = 60_000;

type Row = readonly [
  key: string,
  objectType: PointSpec["objectType"],
  units: string | undefined,
  markers: string,
  interval: PointSpec["interval"],
  signal: Signal,
  text: PointSpec["text"],
];

function fahrenheit(celsius: number): number {
  return celsius * 1.8 + 32;
}

/** An air-handling unit: fans, coils, dampers and the temperatures between them. */
export function ahu(seed: number, number: number): Equipment {
  const own = (name: string): number => seedFor(seed, `ahu ${number} ${name}`);
  const runs = schedule(own("schedule"));
  const whileRunning =
    (running: Signal, stopped: number): Signal =>
    (moment) =>
      runs(moment) === 1 ? running(moment) : stopped;
  const noisy = (signal: Signal, name: string, amplitude: number): Signal =>
    sum(signal, wander(own(name), 2 * amplitude, 15 * MINUTE_MS), sensorNoise(own(`${name} noise`), amplitude));

  const supplyWanted = setpoint(own("supply sp"), 55, 62, 1);
  const pressureWanted = setpoint(own("pressure sp"), 1.5, 0.5, 0.25);
  const returned = noisy((moment) => 72 + 2.5 * moment.people, "return", 0.2);
  const outdoorShare = clamped(
    sum(
      (moment) => (moment.outdoor.temp > 5 && moment.outdoor.temp < 19 ? 0.8 : 0.2),
      wander(own("oa"), 0.1, 3_600_000),
    ),
    0,
    1,
  );
  const mixed: Signal = (moment) => {
    const share = whileRunning(outdoorShare, 0)(moment);
    return share * fahrenheit(moment.outdoor.temp) + (1 - share) * returned(moment);
  };
  const speed = clamped(
    noisy((moment) => 45 + 40 * moment.people, "speed", 1),
    0,
    100,
  );
  const cooling = clamped((moment) => (mixed(moment) - supplyWanted(moment)) * 4, 0, 100);
  const heating = clamped((moment) => (supplyWanted(moment) - mixed(moment)) * 4, 0, 100);

  const rows: readonly Row[] = [
    [
      "SupplyAirTemp",
      "analogInput",
      "degrees-fahrenheit",
      "discharge air temp sensor",
      60,
      noisy(whileRunning(supplyWanted, 70), "supply", 0.3),
      float32,
    ],
    ["SupplyAirTempSetpoint", "analogValue", "degreesFahrenheit", "discharge air temp sp", 300, supplyWanted, tenths],
    ["ReturnAirTemp", "analogInput", "degrees-fahrenheit", "return air temp sensor", 60, returned, tenths],
    ["MixedAirTemp", "analogInput", "degrees-fahrenheit", "mixed air temp sensor", 60, mixed, float32],
    [
      "OutdoorAirDamper",
      "analogOutput",
      "percent",
      "outside air damper cmd",
      60,
      whileRunning((moment) => 100 * outdoorShare(moment), 0),
      tenths,
    ],
    ["SupplyFanSpeed", "analogOutput", "percent", "discharge fan speed cmd", 30, whileRunning(speed, 0), tenths],
    ["SupplyFanStatus", "binaryInput", "", "discharge fan run sensor", 60, runs, activeInactive],
    [
      "ReturnFanSpeed",
      "analogOutput",
      "percent",
      "return fan speed cmd",
      60,
      whileRunning((moment) => 0.9 * speed(moment), 0),
      tenths,
    ],
    ["ReturnFanStatus", "binaryInput", "noUnits", "return fan run sensor", null, runs, trueFalse],
    ["CoolingValve", "analogOutput", "percent", "chilled water valve cmd", 60, whileRunning(cooling, 0), tenths],
    ["HeatingValve", "analogOutput", "percent", "hot water valve cmd", 60, whileRunning(heating, 0), tenths],
    [
      "DuctStaticPressure",
      "analogInput",
      "inches-of-water",
      "discharge duct pressure sensor",
      30,
      clamped(sum(whileRunning(pressureWanted, 0), sensorNoise(own("pressure"), 0.04)), 0, 5),
      float32,
    ],
    [
      "DuctStaticPressureSetpoint",
      "analogValue",
      "inchesOfWater",
      "discharge duct pressure sp",
      300,
      pressureWanted,
      float32,
    ],
    [
      "FilterDifferentialPressure",
      "analogInput",
      "inches-of-water",
      "filter pressure sensor",
      600,
      sum((moment) => 0.35 + 0.5 * runs(moment), drift(own("filter"), 0.2)),
      float32,
    ],
    [
      "ReturnAirHumidity",
      "analogInput",
      "percent-relative-humidity",
      "return air humidity sensor",
      300,
      noisy((moment) => 32 + 0.2 * moment.outdoor.humidity, "humidity", 0.5),
      tenths,
    ],
    [
      "FreezeAlarm",
      "binaryValue",
      undefined,
      "alarm sensor",
      60,
      switching(own("freeze"), 30 * MINUTE_MS, (moment) => (moment.outdoor.temp < -8 ? 0.2 : 0)),
      activeInactive,
    ],
  ];
  const points = rows.map(([key, objectType, units, markers, interval, signal, text]) => {
    return { key, objectType, units, markers: markers.split(" "), interval, signal, text };
  });
  return { kind: "ahu", number, points };
}
