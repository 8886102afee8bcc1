import { seedFor, unitHash } from "./noise.ts";
import type { Equipment } from "./point-spec.ts";
import { load, sensorNoise, sum, wander } from "./signals.ts";
import { counterTenths, float32, tenths, wholeText } from "./value-text.ts";

/** The start of all counters: 2010-01-01 UTC, in hours. */
const INSTALLED_HOURS = 350_640;

/**
 * An electricity and water meter of a part of the building.
 * @param afternoonUtc the UTC hour of 15:00 at the site in January
 */
export function meter(seed: number, number: number, afternoonUtc: number): Equipment {
  const own = (name: string): number => seedFor(seed, `meter ${number} ${name}`);
  const meanKw = 40 + 160 * unitHash(own("size"), 0);
  const electricity = load(meanKw, afternoonUtc);
  const water = load(meanKw * 4, afternoonUtc);
  const volts = sum(() => 480, wander(own("volts"), 4, 3_600_000), sensorNoise(own("volts noise"), 0.5));
  const factor = sum(() => 0.93, wander(own("factor"), 0.04, 7_200_000));
  const metering = ["elec", "meter", "sensor"];
  return {
    kind: "meter",
    number,
    points: [
      {
        key: "EnergyTotal",
        objectType: "analogInput",
        units: "kilowatt-hours",
        markers: [...metering, "energy"],
        interval: 300,
        signal: (moment) => electricity.energy(moment) - meanKw * INSTALLED_HOURS,
        text: counterTenths,
      },
      {
        key: "ActivePower",
        objectType: "analogInput",
        units: "kilowatts",
        markers: [...metering, "power"],
        interval: 60,
        signal: sum(electricity.power, wander(own("power"), meanKw * 0.08, 900_000)),
        text: float32,
      },
      {
        key: "LineVoltage",
        objectType: "analogInput",
        units: "volts",
        markers: [...metering, "volt"],
        interval: 60,
        signal: volts,
        text: float32,
      },
      {
        key: "Current",
        objectType: "analogInput",
        units: "amperes",
        markers: [...metering, "current"],
        interval: 60,
        signal: (moment) => (electricity.power(moment) * 1000) / (Math.sqrt(3) * volts(moment) * factor(moment)),
        text: tenths,
      },
      {
        key: "PowerFactor",
        objectType: "analogInput",
        units: "power-factor",
        markers: [...metering, "pf"],
        interval: 300,
        signal: factor,
        text: float32,
      },
      {
        key: "WaterTotal",
        objectType: "analogInput",
        units: "us-gallons",
        markers: ["water", "meter", "sensor", "volume"],
        interval: 600,
        signal: (moment) => Math.floor(water.energy(moment) - meanKw * 4 * INSTALLED_HOURS),
        text: wholeText,
      },
    ],
  };
}
