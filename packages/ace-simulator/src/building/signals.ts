import type { Moment } from "./moment.ts";
import { smoothNoise, steppedNoise, unitHash } from "./noise.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A point's true value at a moment, a pure function of it. */
export type Signal = (moment: Moment) => number;

/** The sensor's own noise, different at every scrape, within ±amplitude. */
export function sensorNoise(seed: number, amplitude: number): Signal {
  return ({ scrape }) => amplitude * (2 * unitHash(seed, scrape) - 1);
}

/** A wander without jumps within ±amplitude, over about `periodMs`. */
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

/** 1 while the schedule runs (weekdays, about 6 to 18:30 local, a little different for each seed), else 0. */
export function schedule(seed: number): Signal {
  const start = 5.5 + Math.round(unitHash(seed, 1) * 6) / 4;
  const end = 17.5 + Math.round(unitHash(seed, 2) * 6) / 4;
  return ({ hour, weekday }) => (weekday !== 0 && weekday !== 6 && hour >= start && hour < end ? 1 : 0);
}

/** Constant but for steps: one value while the schedule runs, another while not, now and then overridden for hours. */
export function setpoint(seed: number, running: number, setback: number, step: number): Signal {
  const runs = schedule(seed);
  return (moment) => {
    const draw = steppedNoise(seed, moment.timeMs, 4 * HOUR_MS);
    const override = draw < 0.05 ? -step : draw > 0.95 ? step : 0;
    return (runs(moment) === 1 ? running : setback) + override;
  };
}

/** 1 or 0, changing at most every `periodMs`, 1 for about the share of the time that `share` says. */
export function switching(seed: number, periodMs: number, share: Signal): Signal {
  return (moment) => (steppedNoise(seed, moment.timeMs, periodMs) < share(moment) ? 1 : 0);
}

/** A load that is highest on afternoons and weekdays, and its integral: what a meter of it has counted. */
export interface Load {
  readonly power: Signal;
  /** never falls; power's unit times hours */
  readonly energy: Signal;
}

/**
 * A load with a closed-form integral, so that a counter needs no history. The phases are in UTC: a counter must not
 * jump when clocks change.
 *
 * @param peakHourUtc hour of the day when the load is highest
 */
export function load(mean: number, peakHourUtc: number): Load {
  const day = (2 * Math.PI) / 24;
  const week = day / 7;
  // Wednesday noon UTC of the first week of 1970 lies at hour 156
  const dayAngle = (hours: number): number => day * (hours - peakHourUtc);
  const weekAngle = (hours: number): number => week * (hours - 156);
  return {
    // 0.45 + 0.3 < 1: the power stays above zero, so the counter never falls
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
