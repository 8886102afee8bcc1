import { dayStart } from "@building-vitals/core/domain/day";
import type { Series } from "@building-vitals/core/domain/samples";

const MINUTE_MS = 60_000;
const MINUTES_PER_DAY = 1_440;

/** Of two numbers, the same each time: 32 bits. */
function seedOf(a: number, b: number): number {
  let seed = Math.imul(a + 1, 2_654_435_761) ^ Math.imul(b + 1, 1_597_334_677);
  seed = Math.imul(seed ^ (seed >>> 15), 2_246_822_519);
  return (seed ^ (seed >>> 13)) >>> 0;
}

/** The times of a day's scrapes, one a minute, to the millisecond as they come; all points of a scrape share it. */
export function scrapeTimes(day: number): Float64Array {
  const start = dayStart(day);
  return Float64Array.from(
    { length: MINUTES_PER_DAY },
    (_, minute) => start + minute * MINUTE_MS + 36_000 + (seedOf(day, minute) % 200),
  );
}

/**
 * A point's day, as a building has them: by its number a setpoint (3 of 10), a status (2), a reading in tenths that moves
 * now and then (3), a single-precision reading that drifts, or one that swings (1 each).
 * @param times as {@link scrapeTimes} gives them
 */
export function pointDay(id: number, day: number, times: Float64Array): Series {
  const values = new Float64Array(times.length);
  const kind = id % 10;
  let seed = seedOf(id, day);
  const noise = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32 - 0.5;
  let walk = 70 + (id % 9) + 5 * Math.sin(day / 58 + id);
  for (let minute = 0; minute < values.length; minute++) {
    if (kind < 3) values[minute] = id % 70;
    else if (kind < 5) values[minute] = (Math.floor((minute + day) / (60 + (id % 200))) + id) % 2;
    else if (kind < 8) {
      if (noise() > 0.25) walk += noise() * 0.4;
      values[minute] = Math.round(walk * 10) / 10;
    } else if (kind === 8) values[minute] = Math.fround((walk += noise() * 0.6));
    else values[minute] = Math.fround(50 + 40 * Math.sin(minute / 97 + id + day) + 2 * noise());
  }
  return { times, values };
}

/** A name as long as most of a real site's; neighbours are of one device. */
export function pointName(id: number): string {
  return `ses/ses_falls_city/8000:33-${8_033 + Math.floor(id / 40)}/analogValue/${id}`;
}
