import { dayText } from "../domain/day.ts";

/** R2 refuses longer keys. */
const MAX_KEY_BYTES = 1_024;

/** All but these stand percent-encoded in a key, so that a site's name cannot add a folder or end the name. */
const PLAIN = /[A-Za-z0-9_-]/;

/**
 * The R2 key of a site's day: `timeseries/2025/10/12/ses_falls_city.parquet`. The site's name is percent-encoded as
 * UTF-8 but for letters, digits, `_` and `-`.
 * @throws {RangeError} for an empty or ill-formed name, one that starts with a byte order mark (decoders drop it), one
 *   that makes the key longer than R2 takes, or a `day` (whole days since 1970-01-01) that cannot be stored
 */
export function dayFileKey(site: string, day: number): string {
  if (site === "" || !site.isWellFormed() || site.startsWith("\uFEFF")) {
    throw new RangeError(`no site name that can be stored: ${JSON.stringify(site)}`);
  }
  const key = `timeseries/${dayText(day).replaceAll("-", "/")}/${encodeName(site)}.parquet`;
  if (key.length > MAX_KEY_BYTES) throw new RangeError(`the key of site ${JSON.stringify(site)} is too long`);
  return key;
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
