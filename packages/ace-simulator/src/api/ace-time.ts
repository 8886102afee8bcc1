const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(?:Z|([+-])(\d\d):?(\d\d))?$/;

/** Naive ISO-8601 in UTC with six fractional digits, as in raw samples. @param timeUs epoch microseconds */
export function formatMicroseconds(timeUs: number): string {
  const ms = Math.floor(timeUs / 1000);
  const micros = String(timeUs - ms * 1000).padStart(3, "0");
  return new Date(ms).toISOString().slice(0, 23) + micros;
}

/** Naive ISO-8601 in UTC without a fraction, as in 5-minute buckets. @param timeUs epoch microseconds */
export function formatSeconds(timeUs: number): string {
  return new Date(Math.floor(timeUs / 1000)).toISOString().slice(0, 19);
}

/**
 * Epoch microseconds of an ISO-8601 time; without an offset it is UTC. Digits after the sixth are dropped.
 * @returns undefined for any other text
 */
export function parseMicroseconds(text: string): number | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", sign, offsetH, offsetM] = match;
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const date = new Date(ms);
  // Date.UTC turns 31 February into a day of March; the server refuses it
  const carried = date.getUTCDate() !== Number(day) || date.getUTCHours() !== Number(hour);
  if (carried || Number(month) > 12 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offsetMinutes = sign === undefined ? 0 : Number(`${sign}1`) * (Number(offsetH) * 60 + Number(offsetM));
  return (ms - offsetMinutes * 60_000) * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}
