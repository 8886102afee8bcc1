/** Milliseconds in an hour. The UTC hour is the unit of hot storage. */
export const HOUR_MS = 3_600_000;

/** Seconds in an hour. */
export const HOUR_S = HOUR_MS / 1000;

/** The start of the UTC hour that holds `timeMs`, in epoch milliseconds. */
export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
}
