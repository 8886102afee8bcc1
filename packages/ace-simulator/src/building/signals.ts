import type { Moment } from "./moment.ts";
import { smoothNoise, steppedNoise, unitHash } from "./noise.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A point's true value, a pure function of the moment. */
export type Signal = (moment: Moment) => number;

/** The sensor's noise, different at every scrape, within ±amplitude. */
export function sensorNoise(seed: number, amplitude: number): Signal {
  return ({ scrape }) => amplitude * (2 * unitHash(seed, scrape) - 1);
}

/** A smooth variation within ±amplitude, over about `periodMs`. */
export function wander(seed: number, amplitude: number, periodMs: number): Signal {
  return ({ timeMs }) => amplitude * smoothNoise(seed, timeMs, periodMs);
}

/** A sensor's slow drift out of calibration and back, over weeks. */
export function drift(seed: number, amplitude: number): Signal {
  return wander(seed, amplitude, 17 * DAY_MS);
}

export function sum(...signals: readonly Signal[]): Signal {
  return (moment) => signals.reduce((total, signal) => total + signal(moment), 0);
}

export function constant(value: number): Signal {
  return () => value;
}

export function clamped(signal: Signal, low: number, high: number): Signal {
  return (moment) => Math.min(high, Math.max(low, signal(moment)));
}

/** 1 during the schedule (weekdays, about 6:00 to 18:30 local time, slightly different per seed), else 0. */
export function schedule(seed: number): Signal {
  const start = 5.5 + Math.round(unitHash(seed, 1) * 6) / 4;
  const end = 17.5 + Math.round(unitHash(seed, 2) * 6) / 4;
  return ({ hour, weekday }) => (weekday !== 0 && weekday !== 6 && hour >= start && hour < end ? 1 : 0);
}

/** Steps between two values, one during the schedule and one outside it; sometimes overridden for hours. */
export function setpoint(seed: number, running: number, setback: number, step: number): Signal {
  const runs = schedule(seed);
  return (moment) => {
    const draw = steppedNoise(seed, moment.timeMs, 4 * HOUR_MS);
    const override = draw < 0.05 ? -step : draw > 0.95 ? step : 0;
    return (runs(moment) === 1 ? running : setback) + override;
  };
}

/** 1 for about `share` of the time, else 0; changes at most every `periodMs`. */
export function switching(seed: number, periodMs: number, share: Signal): Signal {
  return (moment) => (steppedNoise(seed, moment.timeMs, periodMs) < share(moment) ? 1 : 0);
}

/** A load that is highest on weekdays and in the afternoon, and its integral, which a meter counts. */
export interface Load {
  readonly power: Signal;
  /** never falls; power's unit times hours */
  readonly energy: Signal;
}

/**
 * A load with a closed-form integral, so that a counter needs no history. The phases are in UTC, because a counter must
 * not jump when clocks change.
 *
 * @param peakHourUtc hour of the day with the highest load
 */
export function load(mean: number, peakHourUtc: number): Load {
  const day = (2 * Math.PI) / 24;
  const week = day / 7;
  // hour 156 is Wednesday noon UTC of the first week of 1970
  const dayAngle = (hours: number): number => day * (hours - peakHourUtc);
  const weekAngle = (hours: number): number => week * (hours - 156);
  return {
    // 0.45 + 0.3 < 1: the power stays positive, so the counter never falls
    power: ({ timeMs }) => {
      const hours = timeMs / HOUR_MS;
      return mean * (1 + 0.45 * Math.cos(dayAngle(hours)) + 0.3 * Math.cos(weekAngle(hours)));
    },
    energy: ({ timeMs }) => {
      const hours = timeMs / HOUR_MS;
      const waves = (0.45 / day) * Math.sin(dayAngle(hours)) + (0.3 / week) * Math.sin(weekAngle(hours));
      return mean * (hours + waves);
    },
  };
}
