import { z } from "zod";
import { type ManifestDay, manifestStatement, parseManifestDays } from "../manifest/manifest.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS, dayOf, dayRange, DAYS } from "../domain/day.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { type HotHour, hotHoursStatement, parseHotHours } from "../store/hot-hours.ts";
import { changedPart, type DayFingerprint, parseFingerprint, fingerprintOf } from "./day-fingerprint.ts";
import { beginSite, type ScannedSite, parseScannedSites } from "./gap-sites.ts";

/** First synced day of a site whose sync has finished no window. */
const NOT_SYNCED = DAYS;

/** Stored days of a site, and the fingerprints of their last scan. Maps are by day. */
export interface KnownDays {
  readonly site: ScannedSite;
  readonly files: ReadonlyMap<number, ManifestDay>;
  readonly hotHours: ReadonlyMap<number, readonly HotHour[]>;
  readonly fingerprints: ReadonlyMap<number, DayFingerprint | null>;
  /** watermark less lookback, epoch ms; -Infinity: nothing is synced */
  readonly until: number;
}

const fingerprintRowSchema = z.array(z.object({ day: z.int(), fingerprint: z.string() }));

/** Per day: number of points with their first sample on it, and the sum of these times of day, ms. */
type FirstSeen = ReadonlyMap<number, { readonly points: number; readonly sum: number }>;

/** ?1: site. */
const FIRST_SEEN = `
SELECT first_seen / ${DAY_MS} AS day, count(*) AS points, sum(first_seen % ${DAY_MS}) AS sum FROM points
WHERE site_id = ?1 AND source = 'catalog' AND first_seen IS NOT NULL GROUP BY day`;

const firstSeenSchema = z.array(z.object({ day: z.int(), points: z.int(), sum: z.int() }));

/** Reads in one transaction. @param until see {@link KnownDays}; null: no sync has finished a window yet */
export async function readKnownDays(db: D1Database, siteId: number, until: number | null): Promise<KnownDays> {
  const read = async () => {
    const [site, files, hours, fingerprints] = await withD1Retry(() =>
      db.batch([
        db.prepare("SELECT * FROM gap_sites WHERE site_id = ?1").bind(siteId),
        manifestStatement(db, siteId, 0, DAYS),
        hotHoursStatement(db, siteId, { start: 0, end: Number.MAX_SAFE_INTEGER }),
        db.prepare("SELECT day, fingerprint FROM gap_days WHERE site_id = ?1").bind(siteId),
      ]),
    );
    return {
      site: parseScannedSites(site?.results)[0],
      files: new Map(parseManifestDays(files?.results).map((row) => [row.day, row])),
      hotHours: Map.groupBy(parseHotHours(hours?.results), ({ hour }) => dayOf(hour)),
      fingerprints: new Map(
        fingerprintRowSchema
          .parse(fingerprints?.results)
          .map(({ day, fingerprint }) => [day, parseFingerprint(fingerprint)]),
      ),
      until: until ?? Number.NEGATIVE_INFINITY,
    };
  };
  const stored = await read();
  const { site } = stored;
  const isBegun = site !== undefined && (site.syncFromDay !== NOT_SYNCED || !Number.isFinite(stored.until));
  if (isBegun) return { ...stored, site };
  await beginSite(db, siteId, firstSyncedDay(stored));
  const again = await read();
  if (again.site === undefined) throw new Error("gap_sites: the row of the site is missing after its insert");
  return { ...again, site: again.site };
}

/** The first day of the unbroken run of days with samples or a file that ends at `until`. */
function firstSyncedDay({ files, hotHours, until }: Pick<KnownDays, "files" | "hotHours" | "until">): number {
  if (!Number.isFinite(until)) return NOT_SYNCED;
  let day = dayOf(until);
  while (hotHours.has(day - 1) || files.get(day - 1)?.file != null) day--;
  return day;
}

/**
 * The part of a day whose samples are known.
 * - A file from the backfill: the whole day.
 * - Any other file, or none on a synced day: up to `until`.
 * - null: neither synced nor built, deleted, or suspect.
 */
export function knownPart({ site, files, until }: KnownDays, day: number): TimeRange | null {
  const range = dayRange(day);
  const file = files.get(day);
  if (file?.state === "suspect" || (file !== undefined && file.deletedAt !== null)) return null;
  // A day counts as built even if its only point was deleted.
  const isBuilt = file !== undefined && file.state !== "failed";
  if (isBuilt && file.source === "api") return range;
  if (!isBuilt && day < site.syncFromDay) return null;
  const end = Math.min(range.end, until);
  return range.start < end ? { start: range.start, end } : null;
}

/** A day that changed since its last scan. */
export interface ChangedDay {
  readonly day: number;
  /** its known part */
  readonly known: TimeRange;
  /** the part of `known` that changed */
  readonly part: TimeRange;
  readonly fingerprint: DayFingerprint;
}

/**
 * The days that changed since their last scan, newest first.
 * Reads first-seen times only if some day's samples changed; first-seen times cannot change otherwise.
 */
export async function changedDays(db: D1Database, stored: KnownDays): Promise<ChangedDay[]> {
  if (daysChanged(stored, null).length === 0) return [];
  const { results } = await withD1Retry(() => db.prepare(FIRST_SEEN).bind(stored.site.siteId).all());
  return daysChanged(stored, new Map(firstSeenSchema.parse(results).map((row) => [row.day, row])));
}

/** @param firstSeen null: take those of each day's last fingerprint */
function daysChanged(stored: KnownDays, firstSeen: FirstSeen | null): ChangedDay[] {
  const { site, files, hotHours, fingerprints, until } = stored;
  const firstSeenBy = (day: number): DayFingerprint["firstSeen"] => {
    if (firstSeen === null) return fingerprints.get(day)?.firstSeen ?? [0, 0];
    const points = [...firstSeen].reduce((sum, [first, seen]) => sum + (first <= day ? seen.points : 0), 0);
    return [points, firstSeen.get(day)?.sum ?? 0];
  };
  const days = new Set(files.keys());
  for (let day = site.syncFromDay; dayRange(day).start < until; day++) days.add(day);
  return [...days]
    .sort((a, b) => b - a)
    .flatMap((day) => {
      const known = knownPart(stored, day);
      if (known === null) return [];
      const fingerprint = fingerprintOf(known, files.get(day) ?? null, hotHours.get(day) ?? [], firstSeenBy(day));
      const part = changedPart(day, known, fingerprints.get(day) ?? null, fingerprint);
      return part === null ? [] : [{ day, known, part, fingerprint }];
    });
}
