import type { Random } from "../fuzz/random.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How late a site's samples come, apart from single samples that are late by chance. */
export type Lateness =
  | { readonly kind: "punctual" }
  /** all points lag by a constant, from a time on; epoch ms and milliseconds */
  | { readonly kind: "site"; readonly from: number; readonly lagMs: number }
  /** every second point lags by a constant */
  | { readonly kind: "group"; readonly lagMs: number }
  /** one point is silent for a while, and then delivers everything at once; epoch ms */
  | { readonly kind: "point"; readonly from: number; readonly to: number; readonly deliveredAt: number };

/** A constant lag, from hours to more than a day. */
const LAGS: readonly [number, ...number[]] = [2 * HOUR, 5 * HOUR, 11 * HOUR, 26 * HOUR, 30 * HOUR];

/**
 * Draws the lateness of a site. @param begin when the site is first seen @param until time of its last sample, epoch ms
 */
export function drawLateness(random: Random, begin: number, until: number): Lateness {
  const kind = random.pick(["punctual", "punctual", "punctual", "punctual", "site", "group", "point"] as const);
  const lagMs = random.pick(LAGS) + random.below(20) * MINUTE;
  switch (kind) {
    case "site": {
      // Half of them from the first sight on.
      const from = random.chance(0.5) ? 0 : begin + random.below(until - begin);
      return { kind, from, lagMs };
    }
    case "point": {
      const from = begin - 2 * HOUR + random.below(3 * HOUR);
      const to = random.chance(0.5) ? until : from + HOUR + random.below(3 * HOUR);
      return { kind, from, to, deliveredAt: to + random.below(4 * HOUR) };
    }
    case "group":
      return { kind, lagMs };
    case "punctual":
      return { kind };
  }
}

/**
 * Time at which a sample is served that a punctual upstream would serve at `visibleAt`, epoch ms. @param point its
 * index in the site's list
 */
export function servedAt(lateness: Lateness, point: number, time: number, visibleAt: number): number {
  switch (lateness.kind) {
    case "punctual":
      return visibleAt;
    case "site":
      return time < lateness.from ? visibleAt : visibleAt + lateness.lagMs;
    case "group":
      return point % 2 === 0 ? visibleAt : visibleAt + lateness.lagMs;
    case "point":
      return point === 0 && time >= lateness.from && time < lateness.to
        ? Math.max(visibleAt, lateness.deliveredAt)
        : visibleAt;
  }
}
