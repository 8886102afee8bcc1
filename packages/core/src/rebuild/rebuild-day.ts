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
  /** a name that no build has had */
  readonly newBuild: () => string;
  /** look only: nothing is written */
  readonly dryRun: boolean;
}

/** A site; `id` is null where its database does not know it. */
export interface RebuildSite {
  readonly db: D1Database;
  readonly name: string;
  readonly id: number | null;
}

/**
 * What a day was found to be. `unchanged`: D1 knows its file; `rebuilt`: D1 knows it again (in a dry run: it would);
 * `suspect`: the object cannot be what was written last, and is no data; `missing`: D1 knows of a file, and there is
 * none; `to_delete`: the day is deleted, and its deletion broke off before it deleted the file; `unknown_site`: the SITES
 * setting has no such site; `misnamed`: not the name of a day file; `conflict`: builds of the day were faster each time;
 * `failed`: D1 or R2 failed, nothing is known.
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
  /** of the file, as far as it was read; null: it was not */
  readonly samples: number | null;
  readonly points: number | null;
  readonly reason: string | null;
}

type Found = Pick<RebuiltDay, "outcome" | "reason"> & { readonly file?: DayFileSummary };

/** Builds that publish right now may be met once or twice. */
const LOOKS = 3;

/**
 * Makes what D1 knows of a site's day what its file in R2 says. Safe to repeat, to stop anywhere and to run beside
 * builds: of the object and the row that it read, the row is written only where none was published since. Hot rows stay.
 * Never throws: a day that fails says why.
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
    // in this order: a build claims what it is about to put, so the row knows whatever was in place before
    const object = await bucket.head(key);
    const row = site.id === null ? null : await readManifestDay(db, site.id, day);
    if (object === null) {
      if (row === null || row.file === null) return { outcome: "unchanged", reason: null };
      return suspect(context, site, day, row, "missing", "its file is gone");
    }
    if (site.id !== null && isLeftOfDeletion(row, object)) {
      // a repeated deletion of a point or of the site looks for this note
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
      // another build's file is there now
      if (!(error instanceof DayFileChanged || error instanceof DayFileMissing)) throw error;
    }
  }
  return { outcome: "conflict", reason: "builds of the day are being published" };
}

/** @returns null where another build was published meanwhile */
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
  const of = { build: newBuild(), site: { id: site.id, name: site.name }, day };
  const entry = { key, etag, sha256: file.sha256, bytes, rows: file.rows, points: rows.length };
  const asked = parseAsked(customMetadata["asked"]);
  // what segments hold beside it is not known to be in it: when it was asked for decides
  const lineage = { source: file.source, generation, settledStamp: 0, mark: null, asked };
  const found = fileRows(day, rows);
  // D1 may have been turned back: segments to come get larger stamps than any that this file may have folded
  await withD1Retry(() => raiseClockTo(db, of.site.id, parseStamp(customMetadata["stamp"])).run());
  // before the commit: a run that dies behind it finds the day registered, and does nothing
  await markSeenInFile(db, { siteId: of.site.id, day, generation }, found.seen);
  const isCommitted = await commitFile(db, of, entry, lineage, found, now());
  return isCommitted ? { outcome: "rebuilt", reason: null, file } : null;
}

/** @returns 0: the object has none that a segment could have */
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
