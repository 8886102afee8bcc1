import { dayOf, DAYS } from "../domain/day.ts";
import { MONTHS } from "../domain/month.ts";
import { DAY_FILES_PREFIX, dayFilesFrom, parseDayFileKey } from "../r2/day-file-key.ts";
import { type LocatedDay, readLocatedDays } from "../rollups/read-file-points.ts";
import { isRegistered } from "./located-days.ts";
import { type ManifestDay, readManifest } from "../manifest/manifest.ts";
import { parseMonthFileKey } from "../r2/month-file-key.ts";
import { type MonthRow, readMonthFiles } from "../manifest/month-files.ts";
import type { RebuildSite } from "./rebuild-day.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";

/** Objects per request, and days per count of rows in D1: 458,000 rows of a site with 4,583 points. */
const MAX_OBJECTS_PER_PAGE = 100;

/** A key of R2 or of the manifest. */
export interface ListedKey {
  readonly key: string;
  /** of a day file; null: another kind of key */
  readonly day: number | null;
  readonly site: string | null;
  /** null: the request does not name the site, or there is no such site */
  readonly rebuildSite: RebuildSite | null;
  /** whether D1 knows the listed object, and for a day all of its rows */
  readonly isRegistered: boolean;
  /** of a month file; null: another kind of key */
  readonly month: number | null;
}

export interface KeyPage {
  /** ascending */
  readonly keys: readonly ListedKey[];
  /** whether more keys may follow */
  readonly hasMore: boolean;
}

/** Whole days since 1970, both included; null: no bound. */
export interface RebuildRange {
  readonly from: number | null;
  readonly to: number | null;
}

/**
 * The keys after a cursor that have an object in R2 or a file in the manifest, in R2's order: by day, then site.
 * @param after the last key that was handled; null: none
 */
export async function listDayFiles(
  { bucket }: { readonly bucket: Pick<R2Bucket, "list"> },
  sites: readonly RebuildSite[],
  { from, to }: RebuildRange,
  after: string | null,
): Promise<KeyPage> {
  const first = from === null ? "" : dayFilesFrom(from);
  const startAfter = after === null || after < first ? first : after;
  const { objects, truncated } = await bucket.list({
    prefix: DAY_FILES_PREFIX,
    limit: MAX_OBJECTS_PER_PAGE,
    ...(startAfter === "" ? {} : { startAfter }),
  });
  const end = to === null || to + 1 >= DAYS ? null : dayFilesFrom(to + 1);
  // keys of day files are ASCII, so every order agrees
  const isWanted = (key: string) => key > startAfter && (end === null || key < end);
  const last = objects.at(-1)?.key ?? "";
  const hasMore = truncated && (end === null || last < end);
  const listed = new Map(objects.filter(({ key }) => isWanted(key)).map((object) => [object.key, object]));
  const files = [...listed.keys()].map((key) => ({ key, ...parseFileKey(key) }));
  const days = files.flatMap(({ day }) => day ?? []);
  const manifestEnd = hasMore ? dayOfKey(last) : to;
  const known = new Map<string, KnownDays & { readonly rebuildSite: RebuildSite }>();
  for (const rebuildSite of sites) {
    known.set(rebuildSite.name, {
      rebuildSite,
      ...(await readKnown(rebuildSite, days, dayOfKey(startAfter) ?? 0, manifestEnd)),
    });
  }
  const keys = files.map(({ key, site, day, month }): ListedKey => {
    const ofSite = known.get(site ?? "");
    const object = listed.get(key)!;
    const ofDay = day !== null && isRegistered(ofSite?.rows.get(day) ?? null, object, ofSite?.located.get(day) ?? null);
    const ofMonth = month !== null && ofSite?.months.get(month)?.file?.etag === object.etag;
    return { key, site, day, month, rebuildSite: ofSite?.rebuildSite ?? null, isRegistered: ofDay || ofMonth };
  });
  // the files that only D1 knows
  for (const { rebuildSite, rows, months } of known.values()) {
    const ofDays = [...rows.values()].map(({ day, file }) => ({ day, month: null, file }));
    const ofMonths = [...months.values()].map(({ month, file }) => ({ day: null, month, file }));
    for (const { file, ...about } of [...ofDays, ...ofMonths]) {
      if (file === null || listed.has(file.key) || !isWanted(file.key) || (hasMore && file.key > last)) continue;
      keys.push({ ...about, key: file.key, site: rebuildSite.name, rebuildSite, isRegistered: false });
    }
  }
  return { keys: keys.sort((a, b) => compareUtf8(a.key, b.key)), hasMore };
}

/** The site and period of a key; null: another kind of key. */
function parseFileKey(key: string): Pick<ListedKey, "site" | "day" | "month"> {
  const ofDay = parseDayFileKey(key);
  if (ofDay !== null) return { ...ofDay, month: null };
  const ofMonth = parseMonthFileKey(key);
  return ofMonth === null ? { site: null, day: null, month: null } : { ...ofMonth, day: null };
}

interface KnownDays {
  readonly rows: ReadonlyMap<number, ManifestDay>;
  readonly located: ReadonlyMap<number, LocatedDay>;
  readonly months: ReadonlyMap<number, MonthRow>;
}

async function readKnown(
  { db, id }: RebuildSite,
  days: readonly number[],
  from: number,
  to: number | null,
): Promise<KnownDays> {
  if (id === null) return { rows: new Map(), located: new Map(), months: new Map() };
  const rows = await readManifest(db, id, from, (to ?? DAYS) + 1);
  const located =
    days.length === 0
      ? new Map<number, LocatedDay>()
      : await readLocatedDays(db, id, Math.min(...days), Math.max(...days));
  const months = await readMonthFiles(db, id, 0, MONTHS);
  return {
    rows: new Map(rows.map((row) => [row.day, row])),
    located,
    months: new Map(months.map((row) => [row.month, row])),
  };
}

/** The day whose folder a key is in, also if it is not a day file's; null: no day's folder. */
function dayOfKey(key: string): number | null {
  const [, year, month, date] = /^timeseries\/(\d{4})\/(\d\d)\/(\d\d)\//.exec(key) ?? [];
  const day = dayOf(Date.parse(`${year}-${month}-${date}`));
  return day >= 0 && day < DAYS ? day : null;
}
