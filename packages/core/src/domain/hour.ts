/** Milliseconds in an hour. The hour (UTC) is the unit of hot storage: one row a point and hour. */
export const HOUR_MS = 3_600_000;

/** The start of the UTC hour that holds `timeMs`, in epoch milliseconds. */
export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
}
