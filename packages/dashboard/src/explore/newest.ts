/** The newest of the API's times, epoch ms; null: none is known. */
export function newestOf(times: readonly (string | null)[]): number | null {
  const known = times.flatMap((time) => (time === null ? [] : [Date.parse(time)]));
  return known.length === 0 ? null : Math.max(...known);
}
