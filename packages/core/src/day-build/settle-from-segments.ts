import { dayText } from "../domain/day.ts";
import { logError } from "../telemetry/log.ts";
import { batchUnlessChanged } from "../d1/changed-meanwhile.ts";
import { forgetHours } from "../store/hot-hours.ts";
import { expectMark } from "../store/site-clock.ts";
import { findBase } from "./day-base.ts";
import { DayBuildError } from "./day-build-error.ts";
import { DayFileChanged } from "../r2/file-error.ts";
import { mergeDay } from "./merge-day.ts";
import { type PublishContext, publishDay } from "./publish-day.ts";
import { type SpilledSegments, spillSegments } from "./spill-segments.ts";
import { type DayBuild, deleteStaging } from "../r2/staging.ts";
import { sweepBehind } from "./sweep-segments.ts";
import { markFailed } from "../manifest/write-manifest.ts";

/** What became of a day that was to be built from its segments alone. */
export interface SettledDay {
  readonly site: string;
  /** YYYY-MM-DD, UTC */
  readonly day: string;
  /**
   * `settled`: the samples of its segments are in its file; `nothing`: it has no segments; `conflict`: another build was faster,
   * the next one takes what is left; `suspect` and `failed`: see `reason`, all segments stay
   */
  readonly outcome: "settled" | "nothing" | "conflict" | "suspect" | "failed";
  /** samples of segments that were folded into the file */
  readonly settledSamples: number;
  /** samples of the day's file */
  readonly samples: number;
  /** bytes of the day's file */
  readonly bytes: number;
  readonly reason: string | null;
}

/**
 * Folds the segments of a site's day into its file, for a source that does not answer. A sample that comes meanwhile stays in its segment. Never
 * throws: of a day that fails all segments stay, and its reason is noted.
 */
export async function settleFromSegments(context: PublishContext, build: DayBuild): Promise<SettledDay> {
  const { db, bucket, now } = context;
  const none = {
    site: build.site.name,
    day: dayText(build.day),
    settledSamples: 0,
    samples: 0,
    bytes: 0,
    reason: null,
  };
  try {
    const result = await settleDay(context, build);
    return { ...none, ...result };
  } catch (error) {
    if (error instanceof DayFileChanged) {
      await Promise.allSettled([deleteStaging(bucket, build)]);
      return { ...none, outcome: "conflict" };
    }
    const reason = error instanceof Error ? error.message : String(error);
    logError("archive_failed", error, { site: build.site.name, day: none.day });
    // where these fail too, the sweep and the next archive remain
    await Promise.allSettled([deleteStaging(bucket, build), markFailed(db, build.site.id, build.day, reason, now())]);
    return { ...none, outcome: "failed", reason };
  }
}

async function settleDay(
  context: PublishContext,
  build: DayBuild,
): Promise<Partial<SettledDay> & Pick<SettledDay, "outcome">> {
  const { db, bucket } = context;
  const base = await findBase(context, build, false);
  const segments = await spillSegments(context, build, [base.asked]);
  const [damaged] = segments.damaged;
  // The sweep deletes what a published file has. Only the source can bring the samples of this one again.
  if (damaged !== undefined) throw new DayBuildError(`segment ${damaged[0]} cannot be read: it ${damaged[1]}`);
  if (segments.samples === 0) {
    // of hours whose samples were deleted
    if (!(await forgetEmptied(db, build, segments))) return { outcome: "conflict" };
    // what a build left that died after it had published
    await sweepBehind(db, build.site.id);
    return { outcome: "nothing" };
  }
  const staged = await mergeDay(context, build, { source: "d1", hours: [], segments, base });
  const published = await publishDay(context, build, staged);
  if (published === null) {
    await deleteStaging(bucket, build);
    return { outcome: "conflict" };
  }
  if (published.state === "suspect") return { outcome: "suspect", reason: published.reason };
  await sweepBehind(db, build.site.id);
  return {
    outcome: "settled",
    settledSamples: segments.samples,
    samples: published.records,
    bytes: staged.file?.bytes ?? 0,
  };
}

/** @returns false, and nothing is written, where D1 was turned back since the segments were read */
async function forgetEmptied(
  db: D1Database,
  { site, day }: DayBuild,
  { settledStamp, mark }: SpilledSegments,
): Promise<boolean> {
  const statements = [expectMark(db, site.id, mark), forgetHours(db, site.id, day, settledStamp)];
  return (await batchUnlessChanged(db, statements)) !== null;
}
