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

/** The result of settling a day from its segments alone. */
export interface SettledDay {
  readonly site: string;
  /** YYYY-MM-DD, UTC */
  readonly day: string;
  /**
   * Outcomes:
   * - `settled`: the samples of its segments are in its file
   * - `nothing`: it has no segments
   * - `conflict`: another build was faster; left to the next run
   * - `suspect`, `failed`: see `reason`; all segments stay
   */
  readonly outcome: "settled" | "nothing" | "conflict" | "suspect" | "failed";
  /** samples of segments that are now in the file */
  readonly settledSamples: number;
  /** samples of the day's file */
  readonly samples: number;
  /** bytes of the day's file */
  readonly bytes: number;
  readonly reason: string | null;
}

/**
 * Merges the segments of a site's day into its file, for a source that does not answer. Samples that arrive meanwhile
 * stay in segments. Never throws: if the day fails, its reason is recorded and all segments stay.
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
    logError("settle_from_segments_failed", error, { site: build.site.name, day: none.day });
    // If this fails too, the next run sweeps.
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
  // The sweep would delete the damaged segment. Only the source can restore its samples.
  if (damaged !== undefined) throw new DayBuildError(`segment ${damaged[0]} cannot be read: it ${damaged[1]}`);
  if (segments.samples === 0) {
    // hours whose samples were deleted
    if (!(await forgetEmptied(db, build, segments))) return { outcome: "conflict" };
    // left by a build that stopped after it had published
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

/** @returns false, with nothing written, if D1 was restored to an earlier state since the segments were read */
async function forgetEmptied(
  db: D1Database,
  { site, day }: DayBuild,
  { settledStamp, mark }: SpilledSegments,
): Promise<boolean> {
  const statements = [expectMark(db, site.id, mark), forgetHours(db, site.id, day, settledStamp)];
  return (await batchUnlessChanged(db, statements)) !== null;
}
