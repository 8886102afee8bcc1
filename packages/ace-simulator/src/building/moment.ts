import { wallClockOf, type WallClock } from "./local-time.ts";
import { outdoorWeather, type OutdoorWeather } from "./outdoor-weather.ts";

/** The state that all signals of a building share at one scrape. */
export interface Moment extends WallClock {
  /** the scrape's number, the seed of per-sample noise */
  readonly scrape: number;
  /** epoch milliseconds */
  readonly timeMs: number;
  readonly outdoor: OutdoorWeather;
  /** occupancy, 0 empty to 1 full */
  readonly people: number;
}

/** Rises in the morning, dips at lunch, falls in the evening; a few people on weekends. */
function peopleAt({ hour, weekday }: WallClock): number {
  const ramp = (from: number, to: number): number => Math.min(1, Math.max(0, (hour - from) / (to - from)));
  const present = ramp(6.5, 9) * (1 - ramp(15.5, 18.5));
  const lunch = 1 - 0.3 * Math.max(0, 1 - Math.abs(hour - 12.3) / 0.9);
  return present * lunch * (weekday === 0 || weekday === 6 ? 0.06 : 1);
}

/** A reader of a site's moments, by scrape number and epoch milliseconds. */
export function momentsOf(seed: number, timeZone: string): (scrape: number, timeMs: number) => Moment {
  const clock = wallClockOf(timeZone);
  return (scrape, timeMs) => {
    const wall = clock(timeMs);
    return { ...wall, scrape, timeMs, outdoor: outdoorWeather(seed, timeMs, wall.hour), people: peopleAt(wall) };
  };
}
