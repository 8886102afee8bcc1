import { AdaptivePageSize } from "../ace/adaptive-page-size.ts";
import type { AceClient } from "../ace/client.ts";
import type { PageSize } from "../ace/page-size.ts";
import { findBase } from "../day-build/day-base.ts";
import { mergeDay } from "../day-build/merge-day.ts";
import { type PublishedDay, publishDay } from "../day-build/publish-day.ts";
import { type ApiHour, spillApiHour } from "../day-build/spill-api-hour.ts";
import { spillSegments } from "../day-build/spill-segments.ts";
import type { StagedDay } from "../manifest/staged-day.ts";
import { type DayBuild, deleteBuilds, deleteStaging } from "../r2/staging.ts";
import { sweepBehind } from "../day-build/sweep-segments.ts";
import { HOURS_PER_DAY } from "../domain/day.ts";
import { type InstanceTicket, instanceName } from "./instance-store.ts";

const HOURS = Array.from({ length: HOURS_PER_DAY }, (_, hour) => hour);

/**
 * Builds a day file in steps. Each call is safe to repeat after a failure or a lost answer. Its result reaches the next
 * call as structured data, possibly days later and on another machine.
 */
export interface DayBuilder {
  /** Fetches an hour (0 to 23) into its spill. @throws {AceError}; also if the upstream did not prove the hour's end */
  fetchHour(build: DayBuild, hour: number): Promise<ApiHour>;
  /**
   * Merges the 24 spills, the day's segments and its present file into a staged file, and verifies it.
   * @param asked when each hour was requested from the API, epoch ms
   */
  mergeDay(build: DayBuild, asked: readonly number[]): Promise<StagedDay>;
  /**
   * Moves the staged file into place and removes the build's objects from `staging/`.
   * @returns null when another build published the day since the merge: merge again
   */
  publishDay(build: DayBuild, staged: StagedDay): Promise<PublishedDay | null>;
  /** Removes all objects of the build from `staging/`. */
  discard(build: DayBuild): Promise<void>;
  /** Removes all objects of a site's earlier instances from `staging/`, in case they died before they could. */
  discardOlder(than: InstanceTicket): Promise<void>;
}

interface DayBuilderContext {
  readonly db: D1Database;
  readonly bucket: R2Bucket;
  /** creates a client for one hour of a day; a client counts its calls */
  readonly newClient: (day: number) => AceClient;
  readonly pageSize: PageSize;
  /** whether to rebuild a day whose object is not the published one */
  readonly replaceSuspect: boolean;
  /** the setting HOT_DAYS: D1 keeps the row groups of this many recent days */
  readonly hotDays: number;
  /** epoch ms */
  readonly now: () => number;
}

/** Creates the builder of days from the upstream. */
export function createDayBuilder({
  db,
  bucket,
  newClient,
  pageSize,
  replaceSuspect,
  hotDays,
  now,
}: DayBuilderContext): DayBuilder {
  // keeps the page size learned from one hour for the next ones
  const adaptive = new AdaptivePageSize(pageSize, null, now);
  return {
    fetchHour: (build, hour) =>
      spillApiHour({ db, bucket, ace: newClient(build.day), pageSize: adaptive, now }, build, hour),
    mergeDay: async (build, asked) => {
      const base = await findBase({ db, bucket }, build, replaceSuspect);
      const segments = await spillSegments({ db, bucket }, build, [base.asked, asked]);
      return mergeDay({ db, bucket }, build, { source: "api", hours: HOURS, asked, segments, base });
    },
    publishDay: async (build, staged) => {
      const published = await publishDay({ db, bucket, hotDays, now }, build, staged);
      if (published !== null) await sweepBehind(db, build.site.id);
      return published;
    },
    discard: (build) => deleteStaging(bucket, build),
    discardOlder: async (than) => {
      const prefix = instanceName({ ...than, number: 0 }).slice(0, -1);
      await deleteBuilds(bucket, prefix, (build) => Number(build.slice(prefix.length)) < than.number);
    },
  };
}
