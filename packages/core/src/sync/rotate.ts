/** The fractional part of the golden ratio: its multiples modulo 1 are spread as evenly in [0, 1) as possible. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * The same sites, starting at another one in each run: if a run's time ends before its last site, the next runs start
 * elsewhere. If each run reaches m of n sites, each is reached within 3 n/m runs, without stored state.
 * @param turn the run's number
 */
export function rotate<T>(sites: readonly T[], turn: number): T[] {
  const from = Math.floor(((turn * GOLDEN) % 1) * sites.length);
  return [...sites.slice(from), ...sites.slice(0, from)];
}
