import { dayText, parseDay } from "../domain/day.ts";

/** What the keys of all day files begin with. */
export const DAY_FILES_PREFIX = "timeseries/";

/** R2 refuses keys of more than 1,024 bytes: what is left beside the date and the end of a day's key. */
const MAX_NAME_BYTES = 1_024 - "timeseries/2025/10/12/.parquet".length;

/** All but these stand percent-encoded in a key, so that a site's name cannot add a folder or end the name. */
const PLAIN = /[A-Za-z0-9_-]/;

/**
 * The R2 key of a site's day: `timeseries/2025/10/12/ses_falls_city.parquet`. The site's name is percent-encoded as
 * UTF-8 but for letters, digits, `_` and `-`.
 * @throws {RangeError} for an empty or ill-formed name, one that starts with a byte order mark (decoders drop it), one
 *   that makes the key longer than R2 takes, or a `day` (whole days since 1970-01-01) that cannot be stored
 */
export function dayFileKey(site: string, day: number): string {
  return `${dayFilesFrom(day)}${encodeName(site)}.parquet`;
}

/** `timeseries/2025/10/12/`: before the keys of a day, and after those of all days before it. */
export function dayFilesFrom(day: number): string {
  return `${DAY_FILES_PREFIX}${dayText(day).replaceAll("-", "/")}/`;
}

const KEY = /^timeseries\/(\d{4})\/(\d\d)\/(\d\d)\/([^/]+)\.parquet$/;

/** The site and day that {@link dayFileKey} made a key of; null for any other key. */
export function parseDayFileKey(key: string): { readonly site: string; readonly day: number } | null {
  const [, year, month, date, encoded] = KEY.exec(key) ?? [];
  const day = parseDay(`${year}-${month}-${date}`);
  const site = encoded === undefined ? null : decodeName(encoded);
  if (day === null || site === null) return null;
  try {
    return dayFileKey(site, day) === key ? { site, day } : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The inverse of {@link encodeName}. @returns null: it is not percent-encoded UTF-8 */
export function decodeName(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** A site's name as it stands in a key. @throws {RangeError} as {@link dayFileKey} */
export function encodeName(name: string): string {
  if (name === "" || !name.isWellFormed() || name.startsWith("\uFEFF")) {
    throw new RangeError(`no site name that can be stored: ${JSON.stringify(name)}`);
  }
  let encoded = "";
  for (const char of name) {
    if (PLAIN.test(char)) encoded += char;
    else
      for (const byte of new TextEncoder().encode(char))
        encoded += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  if (encoded.length > MAX_NAME_BYTES) throw new RangeError(`the key of site ${JSON.stringify(name)} is too long`);
  return encoded;
}
