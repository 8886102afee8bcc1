import { readLocatedDays } from "../rollups/read-file-points.ts";
import { loadCatalog, withNames } from "../catalog/catalog.ts";
import { markSeenInFile } from "../catalog/seen.ts";
import { dayText } from "../domain/day.ts";
import { withD1Retry } from "../d1/retry.ts";
import { STAMPS } from "../store/segment-key.ts";
import { raiseClockTo } from "../store/site-clock.ts";
import { logError } from "../telemetry/log.ts";
import { parseAsked } from "../manifest/asked-hours.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { DayFileChanged, DayFileCorrupt, DayFileMissing } from "../r2/file-error.ts";
import { isRegistered } from "./located-days.ts";
import { FILE_IS_LEFT, isLeftOfDeletion, type ManifestDay, readManifestDay } from "../manifest/manifest.ts";
import { fileRows } from "../manifest/file-rows.ts";
import { commitFile } from "../manifest/commit-day.ts";
import { newGeneration } from "./rebuilt-generation.ts";
import type { RangeBucket } from "../r2/range-get.ts";
import { type DayFileSummary, sumUpDayFile } from "./summarize-day-file.ts";
import { markSuspect, noteLeft } from "../manifest/write-manifest.ts";

export interface RebuildContext {
  readonly bucket: RangeBucket & Pick<R2Bucket, "head" | "list">;
  /** epoch ms */
  readonly now: () => number;
  /** a build id that was never used */
  readonly newBuild: () => string;
  /** compares only and writes nothing */
  readonly dryRun: boolean;
}

/** A site. `id` is null if its database does not know it. */
export interface RebuildSite {
  readonly db: D1Database;
  readonly name: string;
  readonly id: number | null;
}

/**
 * Outcomes of a day:
 * - `unchanged`: D1 knows its file
 * - `rebuilt`: D1 knows it again; in a dry run: it would
 * - `suspect`: the object is not the one that was written last, and must not be read
 * - `missing`: D1 knows a file that R2 lacks
 * - `to_delete`: the day is deleted, but its deletion stopped before it deleted the file
 * - `unknown_site`: the SITES setting has no such site
 * - `misnamed`: the key is not that of a day file
 * - `conflict`: another build was published in each try
 * - `failed`: D1 or R2 failed
 */
export const REBUILD_OUTCOMES = [
  "unchanged",
  "rebuilt",
  "suspect",
  "missing",
  "to_delete",
  "unknown_site",
  "misnamed",
  "conflict",
  "failed",
] as const;

export interface RebuiltDay {
  /** R2 key */
  readonly key: string;
  readonly site: string | null;
  /** YYYY-MM-DD, UTC */
  readonly day: string | null;
  readonly outcome: (typeof REBUILD_OUTCOMES)[number];
  /** counts of the file; null: it was not read */
  readonly samples: number | null;
  readonly points: number | null;
  readonly reason: string | null;
}

type Found = Pick<RebuiltDay, "outcome" | "reason"> & { readonly file?: DayFileSummary };

/** Attempts; each fails only if a build publishes meanwhile. */
const LOOKS = 3;

/**
 * Rebuilds D1's rows of a site's day from its file in R2. Safe to repeat, to stop anywhere and to run beside builds:
 * writes only if no build was published since the object and the row were read. Hot rows stay. Never throws: a failed
 * day has a reason.
 */
export async function rebuildDay(context: RebuildContext, site: RebuildSite, day: number): Promise<RebuiltDay> {
  const about = { key: dayFileKey(site.name, day), site: site.name, day: dayText(day) };
  try {
    const { file, ...found } = await inspectDay(context, site, day, about.key);
    return { ...about, ...found, samples: file?.rows ?? null, points: file?.points.length ?? null };
  } catch (error) {
    logError("rebuild_failed", error, { site: site.name, day: about.day });
    const reason = error instanceof Error ? error.message : String(error);
    return { ...about, outcome: "failed", samples: null, points: null, reason };
  }
}

async function inspectDay(context: RebuildContext, site: RebuildSite, day: number, key: string): Promise<Found> {
  const { bucket } = context;
  const { db } = site;
  for (let looks = 0; looks < LOOKS; looks++) {
    // R2 before D1: a build claims content before the put, so the row knows every earlier object.
    const object = await bucket.head(key);
    const row = site.id === null ? null : await readManifestDay(db, site.id, day);
    if (object === null) {
      if (row === null || row.file === null) return { outcome: "unchanged", reason: null };
      return suspect(context, site, day, row, "missing", "its file is gone");
    }
    if (site.id !== null && isLeftOfDeletion(row, object)) {
      // A repeated deletion of a point or of the site looks for this reason.
      if (!context.dryRun) await noteLeft(db, site.id, day);
      return { outcome: "to_delete", reason: FILE_IS_LEFT };
    }
    const located = site.id === null ? null : ((await readLocatedDays(db, site.id, day, day)).get(day) ?? null);
    if (isRegistered(row, object, located)) return { outcome: "unchanged", reason: null };
    try {
      const found = await registerObject(context, site, day, row, object);
      if (found !== null) return found;
    } catch (error) {
      if (error instanceof DayFileCorrupt) return suspect(context, site, day, row, "suspect", error.message);
      // R2 now has another build's file.
      if (!(error instanceof DayFileChanged || error instanceof DayFileMissing)) throw error;
    }
  }
  return { outcome: "conflict", reason: "other builds published the day during each try" };
}

/** @returns null if another build was published meanwhile */
async function registerObject(
  context: RebuildContext,
  site: RebuildSite,
  day: number,
  row: ManifestDay | null,
  object: R2Object,
): Promise<Found | null> {
  const { bucket, now, newBuild, dryRun } = context;
  const { db } = site;
  const { key, etag, size: bytes, customMetadata = {} } = object;
  const file = await sumUpDayFile(bucket, { key, etag, bytes });
  const generation = newGeneration(row, { etag, sha256: file.sha256, customMetadata });
  if (typeof generation === "string") {
    return { ...(await suspect(context, site, day, row, "suspect", generation)), file };
  }
  if (dryRun || site.id === null) return { outcome: "rebuilt", reason: null, file };
  const names = file.points.map(({ name }) => name);
  const catalog = await withNames(db, site.id, await loadCatalog(db, site.id), names);
  const rows = file.points.map(({ name, ...point }) => ({ ...point, pointId: catalog.get(name)!.id }));
  const build = { build: newBuild(), site: { id: site.id, name: site.name }, day };
  const entry = { key, etag, sha256: file.sha256, bytes, rows: file.rows, points: rows.length };
  const asked = parseAsked(customMetadata["asked"]);
  // Segments may or may not be in the file, so the time of each request decides which sample wins.
  const lineage = { source: file.source, generation, settledStamp: 0, mark: null, asked };
  const found = fileRows(day, rows);
  // D1 may have been restored to an earlier state. New segments must get larger stamps than any segment in this file.
  await withD1Retry(() => raiseClockTo(db, build.site.id, parseStamp(customMetadata["stamp"])).run());
  // Before the commit: after it, a repeated run finds the day registered and does nothing.
  await markSeenInFile(db, { siteId: build.site.id, day, generation }, found.seen);
  const isCommitted = await commitFile(db, build, entry, lineage, found, now());
  return isCommitted ? { outcome: "rebuilt", reason: null, file } : null;
}

/** @returns 0 if the metadata has no valid stamp */
function parseStamp(text: string | undefined): number {
  const stamp = /^\d{1,8}$/.test(text ?? "") ? Number(text) : 0;
  return stamp < STAMPS ? stamp : 0;
}

async function suspect(
  { now, dryRun }: RebuildContext,
  { db, id: siteId }: RebuildSite,
  day: number,
  row: ManifestDay | null,
  outcome: "suspect" | "missing",
  reason: string,
): Promise<Found> {
  const isNoted = row?.state === "suspect" && row.reason === reason;
  if (!dryRun && siteId !== null && !isNoted) {
    await markSuspect(db, { siteId, day, etag: row?.file?.etag ?? null }, reason, now());
  }
  return { outcome, reason };
}
