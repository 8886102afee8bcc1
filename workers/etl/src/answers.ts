import { ALERT_KINDS } from "@building-vitals/core/alerts/alert";
import type { ImportCounts } from "@building-vitals/core/backfill/import-samples";
import type { joinStats } from "@building-vitals/core/catalog/site-stats";
import type { RebuiltRollups } from "@building-vitals/core/rebuild/rebuild-rollups";
import { REBUILD_OUTCOMES } from "@building-vitals/core/rebuild/rebuild-day";
import { MONTH_REBUILD_OUTCOMES, type RebuildResult } from "@building-vitals/core/rebuild/rebuild-days";
import { DEAD_LETTER_REASONS } from "@building-vitals/core/domain/dead-letter";
import { REJECTION_REASONS } from "@building-vitals/core/domain/rejection";
import type { SyncResult } from "@building-vitals/core/sync/sync-result";
import { z } from "zod";
import { pauseSchema } from "./pause.ts";

const count = z.int().min(0);
const time = z.iso.datetime();
const rejected = z.partialRecord(z.enum(REJECTION_REASONS), count);
const unknownSites = z.array(z.string()).meta({
  description: "sites whose database does not answer; they are missing here",
});
const stage = z.enum(["state", "catalog", "weather", "timeseries", "store", "internal"]);

/** `POST /trigger`. */
export const syncSchema: z.ZodType<SyncResult> = z.strictObject({
  syncId: z.string(),
  startTime: time,
  duration: z.number().meta({ description: "milliseconds" }),
  sitesLeft: count.meta({ description: "sites that this run did not reach; the next run begins with them" }),
  sites: z.array(
    z.strictObject({
      site: z.string(),
      recordsFetched: count,
      recordsInserted: count,
      recordsChanged: count,
      recordsUnchanged: count,
      recordsFailed: count,
      recordsRejected: rejected,
      pointsProcessed: count,
      apiCalls: count,
      window: z.strictObject({ start: time, end: time }).nullable(),
      complete: z.boolean(),
      incompleteBecause: z.enum(["budget", "page_limit", "paused", "error"]).nullable(),
      watermark: time.nullable(),
      errors: z.array(z.strictObject({ stage, code: z.string(), message: z.string() })),
    }),
  ),
});

/** `GET /stats`. */
export const statsSchema: z.ZodType<ReturnType<typeof joinStats>> = z.strictObject({
  database: z.strictObject({ bytes: count }).meta({ description: "all answering databases together" }),
  databases: z.array(
    z.strictObject({
      binding: z.string(),
      bytes: count.nullable().meta({ description: "null: the database does not answer" }),
    }),
  ),
  hours: z.strictObject({ oldest: time.nullable(), newest: time.nullable() }),
  sites: z.array(
    z.strictObject({
      name: z.string(),
      points: z.strictObject({ total: count, configured: count, discovered: count }),
      rows_last_hour: count,
      samples_stored_24h: count,
      cold: z.strictObject({ days: count, samples: count, bytes: count }).meta({ description: "complete day files" }),
      months: z
        .strictObject({ files: count, bytes: count })
        .meta({ description: "month files, which are copies of day files" }),
    }),
  ),
  unknown_sites: unknownSites,
});

/** Of a site in `GET /status`. */
const siteGapsSchema = z.strictObject({
  open: count,
  missing_seconds: count.meta({ description: "sum over all open gaps, up to the watermark" }),
  oldest_start: time.nullable(),
  largest: z.array(
    z.strictObject({ of: z.enum(["site", "point"]), start: time, end: time.nullable(), cause: z.string() }),
  ),
});

/** Of a site in `GET /status`: the parts of the API's last point list that were not applied. */
const pointListSchema = z.strictObject({
  held: z
    .strictObject({
      at: time,
      listed: count.meta({ description: "points in the list" }),
      missing: count.meta({ description: "collected points that the list omits; their collection continues" }),
    })
    .nullable()
    .meta({ description: "a list that omits more than a tenth of the points; held until a second list agrees" }),
  conflicts: count.meta({ description: "points with contradictory entries in the list" }),
  never_sent: count.meta({ description: "collected points that never sent a sample" }),
});

/** Of a site in `GET /status`, as of the last hourly run. */
const siteCoverageSchema = z
  .strictObject({
    until: time.meta({ description: "end of the 24 hours" }),
    expected: count.meta({ description: "samples that the points' cadences imply" }),
    present: count.meta({ description: "expected samples that are stored" }),
    fraction: z.number().nullable(),
    unjudged_points: count.meta({ description: "configured points without a cadence" }),
  })
  .nullable();

/** Of a site in `GET /status`. */
const settlingSchema = z.strictObject({
  awaiting: count.meta({
    description: "closed days that are due, and whose end the source has never been asked for",
  }),
  due: count.meta({ description: "days that are due now" }),
  oldest_due: z.iso.date().nullable(),
  due_since: time
    .nullable()
    .meta({ description: "when the first waiting day became due; a day with failed runs waits since its first run" }),
  last_settled_at: time.nullable().meta({ description: "when a whole day was last read from the source" }),
  building: z.iso.date().nullable().meta({ description: "the day in progress" }),
  failed: count.meta({ description: "days whose last run failed or got no answer; they are retried" }),
});

/** Of a site in `GET /status`. */
const monthsSchema = z.strictObject({
  files: count.meta({ description: "month files in use" }),
  building: z.string().nullable().meta({ description: "the month in progress, such as 2025-10" }),
  failed: z.array(z.strictObject({ month: z.string(), reason: z.string() })).meta({
    description: "months whose last build failed, or whose file was found damaged; their days are read instead",
  }),
});

/** `GET /status`. */
export const statusSchema = z.strictObject({
  now: time,
  alerts: z
    .array(
      z.strictObject({
        kind: z.enum(ALERT_KINDS),
        site: z.string().nullable().meta({ description: "null: the whole deployment" }),
        since: time,
        detail: z.string().meta({ description: "the measured values" }),
      }),
    )
    .nullable()
    .meta({ description: "null: the main database, which stores the alerts, does not answer" }),
  unknown_sites: unknownSites,
  sites: z.array(
    z.strictObject({
      name: z.string(),
      paused: pauseSchema.nullable().meta({ description: "null: its sync is not paused" }),
      watermark: time.nullable(),
      lag_seconds: z.int().nullable(),
      newest_sample: time.nullable().meta({ description: "null: no sync has found a sample" }),
      newest_sample_age_seconds: z.int().nullable(),
      served_to: time.nullable().meta({
        description: "half of the points that still send have samples up to here; windows begin before it",
      }),
      open_window: z.strictObject({ start: time, end: time }).nullable(),
      page_size: z.strictObject({
        rows: count.meta({ description: "rows per page of the next sync's requests" }),
        smaller_because: z.string().nullable().meta({
          description: "why `rows` is below PAGE_SIZE: `http_502`, `timeout`, `broken_body`, …; null: it is not below",
        }),
        larger_at: time.nullable().meta({
          description:
            "when a larger size is tried again; null: `rows` is PAGE_SIZE, or no page of this size has arrived yet",
        }),
      }),
      catalog_refreshed_at: time.nullable(),
      point_list: pointListSchema,
      gaps: siteGapsSchema,
      settling: settlingSchema,
      months: monthsSchema,
      damaged_rows: count.meta({
        description: "unreadable rows of hot samples whose day has not been built from the source since",
      }),
      coverage_24h: siteCoverageSchema,
      last_runs: z.array(
        z.strictObject({
          sync_id: z.string(),
          started_at: time,
          duration_ms: z.number(),
          complete: z.boolean(),
          records_fetched: count,
          records_inserted: count,
          records_unchanged: count,
          records_failed: count,
          records_rejected: rejected,
          api_calls: count,
        }),
      ),
      errors: z.array(
        z.strictObject({ sync_id: z.string(), at: time, stage: z.string(), code: z.string(), message: z.string() }),
      ),
    }),
  ),
});

/** `POST /settle`. */
export const settleSchema = z.strictObject({
  sites: z.array(
    z.strictObject({
      site: z.string(),
      paused: z.boolean().meta({ description: "true: the days wait until the site is resumed" }),
      days: z.array(z.iso.date()).meta({ description: "days that are due now, ascending" }),
    }),
  ),
});

/** `POST /import`. */
export const importedSchema: z.ZodType<ImportCounts> = z.strictObject({
  received: count,
  stored: count.meta({ description: "stored where no sample was" }),
  present: count.meta({ description: "already stored, equal bit for bit" }),
  kept: count.meta({ description: "not stored: another value is stored at that time" }),
  rejected,
});

const rebuilt: z.ZodType<RebuiltRollups & { site: string }> = z.strictObject({
  site: z.string(),
  hours: count,
  files: count,
  rowsChecked: count,
  rowsChanged: count,
  judged: count.meta({ description: "days whose quality was recomputed" }),
  qualitiesChanged: count.meta({ description: "rows of 16 points whose quality was different" }),
  skipped: z.array(z.strictObject({ at: z.string(), reason: z.string() })),
  nextDate: z.iso.date().nullable(),
});

/** `POST /rollups/rebuild`. */
export const rebuildRollupsSchema = z.strictObject({ sites: z.array(rebuilt) });

/** `POST /rebuild`. */
export const rebuildSchema: z.ZodType<RebuildResult> = z.strictObject({
  dry_run: z.boolean(),
  days: z.array(
    z.strictObject({
      key: z.string().meta({ description: "in R2" }),
      site: z.string().nullable(),
      day: z.iso.date().nullable().meta({ description: "null: the key is not a day file's" }),
      outcome: z.enum(REBUILD_OUTCOMES),
      samples: count.nullable().meta({ description: "of the file; null: the file was not read" }),
      points: count.nullable(),
      reason: z.string().nullable(),
    }),
  ),
  months: z.array(
    z.strictObject({
      key: z.string().meta({ description: "in R2" }),
      site: z.string(),
      month: z.string().meta({ description: "2025-10" }),
      outcome: z.enum(MONTH_REBUILD_OUTCOMES),
    }),
  ),
  next_cursor: z.string().nullable().meta({ description: "cursor of the next request; null: finished" }),
});

/** `GET /dead-letters`. */
export const deadLettersSchema = z.strictObject({
  letters: z.array(
    z.strictObject({
      id: z.string(),
      site: z.string(),
      reason: z.enum(DEAD_LETTER_REASONS),
      at: time.meta({ description: "start of its sync" }),
      sync_id: z.string(),
      window: z.strictObject({ start: time, end: time }).nullable().meta({ description: "null: the weather feed" }),
      cursor: z.string().nullable().meta({ description: "cursor of its page; null: the first page" }),
      record: z.string().nullable().meta({ description: "the first 1,000 characters of the record's JSON" }),
      failure: z.strictObject({ stage: z.string(), error: z.string(), samples: count }).nullable(),
    }),
  ),
  next_cursor: z.string().nullable(),
});

/** `POST /dead-letters/replay`. */
export const replaySchema = z.strictObject({
  letters: count,
  stored: count,
  present: count,
  recovered: count,
  settled: count,
  waiting: count,
  unreadable: count,
  rejected,
  next_cursor: z.string().nullable(),
});

/** `POST /dead-letters/drop`. */
export const droppedSchema = z.strictObject({ dropped: count });
