/** The golden ratio's part after the point: multiples of it, cut off at 1, lie as evenly in [0, 1) as can be. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * The same sites, begun at another one each time: where the time of a run is out before the last of them, the next runs
 * begin elsewhere. Of n sites of which each run reaches m, each is reached within 3 n/m runs, and nothing need be kept.
 * @param turn the run's number
 */
export function rotate<T>(sites: readonly T[], turn: number): T[] {
  const from = Math.floor(((turn * GOLDEN) % 1) * sites.length);
  return [...sites.slice(from), ...sites.slice(0, from)];
}
