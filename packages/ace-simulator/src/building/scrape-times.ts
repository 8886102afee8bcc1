import { unitHash } from "./noise.ts";

/** A scrape starts every 30 s, the shortest collect interval. */
export const SCRAPE_SPACING_SECONDS = 30;
const SPACING_US = SCRAPE_SPACING_SECONDS * 1_000_000;
/** the largest delay of a scrape; less than the spacing, so scrapes stay in order */
const JITTER_US = 2_400_000;

/** The times of a site's scrapes from 1970 on: every 30 s, each up to 2.4 s late, to the microsecond. */
export interface ScrapeTimes {
  /** epoch microseconds */
  timeOf(scrape: number): number;
  /** the first scrape at or after a time in epoch microseconds */
  atOrAfter(timeUs: number): number;
}

export function scrapeTimes(seed: number): ScrapeTimes {
  const phaseUs = Math.floor(unitHash(seed, 0) * (SPACING_US - JITTER_US));
  const timeOf = (scrape: number): number =>
    scrape * SPACING_US + phaseUs + Math.floor(unitHash(seed + 1, scrape) * JITTER_US);
  return {
    timeOf,
    atOrAfter(timeUs) {
      // the latest possible time of this scrape is before timeUs, so at most two steps remain
      let scrape = Math.max(0, Math.floor((timeUs - phaseUs - JITTER_US) / SPACING_US));
      while (timeOf(scrape) < timeUs) scrape++;
      return scrape;
    },
  };
}
