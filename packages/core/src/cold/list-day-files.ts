import { dayOf } from "../domain/day.ts";
import { DAY_FILES_PREFIX, dayFileKey, dayFilesFrom, parseDayFileKey } from "./day-file-key.ts";
import { isRegistered, type LocatedDay, readLocatedDays } from "./located-days.ts";
import { type ManifestDay, readManifest } from "./manifest.ts";
import type { RepairSite } from "./repair-day.ts";
import { compareUtf8 } from "./utf8-order.ts";

/** Objects a request, and days whose rows in D1 are counted at once: 458,000 rows of a site with 4,583 points. */
const OBJECTS_A_PAGE = 100;

/** Days that a key has room for. */
const END_DAY = 2 ** 16;

/** A key that is to be looked at. */
export interface ListedKey {
  readonly key: string;
  /** null: the key is not a day file's */
  readonly day: number | null;
  readonly site: string | null;
  /** one of the sites that were asked for; null: another one, or none */
  readonly of: RepairSite | null;
  /** D1 knows the object that was listed, and all of it */
  readonly isRegistered: boolean;
}

export interface KeyPage {
  /** ascending */
  readonly keys: readonly ListedKey[];
  /** whether there may be more after these */
  readonly hasMore: boolean;
}

/** Whole days since 1970, both included; null: no bound. */
export interface RepairRange {
  readonly from: number | null;
  readonly to: number | null;
}

/**
 * The keys after a cursor that R2 has an object of, or the manifest a file, in the order of R2: by day, then site.
 * @param after the last key that was dealt with; null: none was
 */
export async function listDayFiles(
  { db, bucket }: { readonly db: D1Database; readonly bucket: Pick<R2Bucket, "list"> },
  sites: readonly RepairSite[],
  { from, to }: RepairRange,
  after: string | null,
): Promise<KeyPage> {
  const first = from === null ? "" : dayFilesFrom(from);
  const startAfter = after === null || after < first ? first : after;
  const { objects, truncated } = await bucket.list({
    prefix: DAY_FILES_PREFIX,
    limit: OBJECTS_A_PAGE,
    ...(startAfter === "" ? {} : { startAfter }),
  });
  const end = to === null || to + 1 >= END_DAY ? null : dayFilesFrom(to + 1);
  // keys of day files are ASCII, which any order has the same
  const isWanted = (key: string) => key > startAfter && (end === null || key < end);
  const last = objects.at(-1)?.key ?? "";
  const hasMore = truncated && (end === null || last < end);
  const listed = new Map(objects.filter(({ key }) => isWanted(key)).map((object) => [object.key, object]));
  const days = [...listed.keys()].flatMap((key) => parseDayFileKey(key)?.day ?? []);
  const keys = new Map<string, ListedKey>();
  for (const key of listed.keys()) {
    const about = parseDayFileKey(key);
    keys.set(key, { key, day: about?.day ?? null, site: about?.site ?? null, of: null, isRegistered: false });
  }
  for (const site of sites) {
    const known = await readKnown(db, site, days, dayOfKey(startAfter) ?? 0, hasMore ? dayOfKey(last) : to);
    const siteDays = new Set([...days, ...known.rows.keys()]);
    for (const day of siteDays) {
      const key = dayFileKey(site.name, day);
      const object = listed.get(key);
      const row = known.rows.get(day) ?? null;
      if (object === undefined && (row === null || row.file === null || !isWanted(key) || (hasMore && key > last))) {
        continue;
      }
      const whole = object !== undefined && isRegistered(row, object, known.located.get(day) ?? null);
      keys.set(key, { key, day, site: site.name, of: site, isRegistered: whole });
    }
  }
  return { keys: [...keys.values()].sort((a, b) => compareUtf8(a.key, b.key)), hasMore };
}

interface KnownDays {
  readonly rows: ReadonlyMap<number, ManifestDay>;
  readonly located: ReadonlyMap<number, LocatedDay>;
}

async function readKnown(
  db: D1Database,
  { id }: RepairSite,
  days: readonly number[],
  from: number,
  to: number | null,
): Promise<KnownDays> {
  if (id === null) return { rows: new Map(), located: new Map() };
  const rows = await readManifest(db, id, from, (to ?? END_DAY) + 1);
  const located =
    days.length === 0 ? new Map<number, LocatedDay>() : await readLocatedDays(db, id, Math.min(...days), Math.max(...days));
  return { rows: new Map(rows.map((row) => [row.day, row])), located };
}

/** The day in whose folder a key is, also of one that is not a day file's; null: in none's. */
function dayOfKey(key: string): number | null {
  const [, year, month, date] = /^timeseries\/(\d{4})\/(\d\d)\/(\d\d)\//.exec(key) ?? [];
  const day = dayOf(Date.parse(`${year}-${month}-${date}`));
  return day >= 0 && day < END_DAY ? day : null;
}
