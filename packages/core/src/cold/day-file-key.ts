import { DAY_MS } from "../domain/day.ts";

/** R2 refuses longer keys. */
const MAX_KEY_BYTES = 1_024;

/** All but these stand percent-encoded in a key, so that a site's name cannot add a folder or end the name. */
const PLAIN = /[A-Za-z0-9_-]/;

/** A file's day. */
export interface SiteDay {
  readonly site: string;
  /** start of the UTC day, epoch milliseconds */
  readonly day: number;
}

/** `2025-10-12` of the start of a UTC day. @throws {RangeError} unless `day` starts a day of the years 0000 to 9999 */
export function dayText(day: number): string {
  const text = Number.isInteger(day / DAY_MS) && Math.abs(day) <= 8.64e15 ? new Date(day).toISOString() : "";
  if (!/^\d{4}-\d\d-\d\dT/.test(text)) throw new RangeError(`not the start of a UTC day: ${day}`);
  return text.slice(0, 10);
}

/** The start of the day that {@link dayText} wrote, in epoch milliseconds; null for any other text. */
export function parseDay(text: string): number | null {
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00.000Z`) : Number.NaN;
  // Date.parse takes 2025-02-30 for 2 March.
  return Number.isNaN(day) || dayText(day) !== text ? null : day;
}

/**
 * The R2 key of a site's day: `timeseries/2025/10/12/ses_falls_city.parquet`. The site's name is percent-encoded as
 * UTF-8 but for letters, digits, `_` and `-`.
 * @throws {RangeError} for an empty or ill-formed name, one that starts with a byte order mark (decoders drop it), one
 *   that makes the key longer than R2 takes, or a `day` that starts no UTC day
 */
export function dayFileKey(site: string, day: number): string {
  if (site === "" || !site.isWellFormed() || site.startsWith("\uFEFF")) {
    throw new RangeError(`no site name that can be stored: ${JSON.stringify(site)}`);
  }
  const key = `timeseries/${dayText(day).replaceAll("-", "/")}/${encodeName(site)}.parquet`;
  if (key.length > MAX_KEY_BYTES) throw new RangeError(`the key of site ${JSON.stringify(site)} is too long`);
  return key;
}

/** The inverse of {@link dayFileKey}; null for a key that it would not have made. */
export function parseDayFileKey(key: string): SiteDay | null {
  const parts = /^timeseries\/(\d{4})\/(\d\d)\/(\d\d)\/([^/]+)\.parquet$/.exec(key);
  const day = parts && parseDay(`${parts[1]}-${parts[2]}-${parts[3]}`);
  if (parts === null || day === null) return null;
  try {
    const site = decodeURIComponent(parts[4]!);
    return dayFileKey(site, day) === key ? { site, day } : null;
  } catch (error) {
    if (error instanceof URIError || error instanceof RangeError) return null;
    throw error;
  }
}

function encodeName(name: string): string {
  let encoded = "";
  for (const char of name) {
    if (PLAIN.test(char)) encoded += char;
    else
      for (const byte of new TextEncoder().encode(char))
        encoded += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
