import { monthText, parseMonth } from "../domain/month.ts";
import { DAY_FILES_PREFIX, decodeName, encodeName } from "./day-file-key.ts";

/**
 * The R2 key of a site's month: `timeseries/2025/10/ses_falls_city.parquet`, beside the folders of its days. The site's
 * name is encoded as in a day's key.
 * @throws {RangeError} as `dayFileKey`, and for a month beyond the range of keys
 */
export function monthFileKey(site: string, month: number): string {
  return `${DAY_FILES_PREFIX}${monthText(month).replace("-", "/")}/${encodeName(site)}.parquet`;
}

const KEY = /^timeseries\/(\d{4})\/(\d\d)\/([^/]+)\.parquet$/;

/** The site and month of a key that {@link monthFileKey} made; null for any other key. */
export function parseMonthFileKey(key: string): { readonly site: string; readonly month: number } | null {
  const [, year, number, encoded] = KEY.exec(key) ?? [];
  const month = parseMonth(`${year}-${number}`);
  const site = encoded === undefined ? null : decodeName(encoded);
  if (month === null || site === null) return null;
  try {
    return monthFileKey(site, month) === key ? { site, month } : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
