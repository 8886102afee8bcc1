import { dayText, parseDay } from "../domain/day.ts";

/** Prefix of the keys of all day and month files. */
export const DAY_FILES_PREFIX = "timeseries/";

/** R2 accepts keys of at most 1,024 bytes. A day's key has these for the site's name. */
const MAX_NAME_BYTES = 1_024 - "timeseries/2025/10/12/.parquet".length;

/** All other characters are percent-encoded, so that a site's name cannot add a folder or end the key. */
const PLAIN = /[A-Za-z0-9_-]/;

/**
 * The R2 key of a site's day: `timeseries/2025/10/12/ses_falls_city.parquet`. The site's name is percent-encoded UTF-8,
 * except letters, digits, `_` and `-`.
 * @param day whole days since 1970-01-01
 * @throws {RangeError} for a name that is empty, ill-formed, too long for a key or begins with a byte order mark
 * (decoders drop it); for a day beyond the range of keys
 */
export function dayFileKey(site: string, day: number): string {
  return `${dayFilesFrom(day)}${encodeName(site)}.parquet`;
}

/** `timeseries/2025/10/12/`: sorts before the keys of that day, and after those of earlier days. */
export function dayFilesFrom(day: number): string {
  return `${DAY_FILES_PREFIX}${dayText(day).replaceAll("-", "/")}/`;
}

const KEY = /^timeseries\/(\d{4})\/(\d\d)\/(\d\d)\/([^/]+)\.parquet$/;

/** The site and day of a key that {@link dayFileKey} made; null for any other key. */
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

/** The inverse of {@link encodeName}. @returns null: not percent-encoded UTF-8 */
export function decodeName(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** A site's name as keys contain it. @throws {RangeError} as {@link dayFileKey} */
export function encodeName(name: string): string {
  if (name === "" || !name.isWellFormed() || name.startsWith("\uFEFF")) {
    throw new RangeError(`site name ${JSON.stringify(name)} cannot be part of a key`);
  }
  let encoded = "";
  for (const char of name) {
    if (PLAIN.test(char)) encoded += char;
    else
      for (const byte of new TextEncoder().encode(char))
        encoded += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  if (encoded.length > MAX_NAME_BYTES) throw new RangeError(`site name ${JSON.stringify(name)} is too long for a key`);
  return encoded;
}
