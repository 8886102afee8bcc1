import * as z from "zod/mini";
import { ask } from "../api/ask.ts";

const count = z.number();
const time = z.string();

const runSchema = z.object({
  sync_id: z.string(),
  started_at: time,
  duration_ms: count,
  complete: z.boolean(),
  records_fetched: count,
  records_inserted: count,
  records_failed: count,
  records_rejected: z.record(z.string(), count),
});
export type Run = z.infer<typeof runSchema>;

const syncErrorSchema = z.object({ at: time, stage: z.string(), code: z.string(), message: z.string() });
export type ListedSyncError = z.infer<typeof syncErrorSchema>;

const siteStatusSchema = z.object({
  name: z.string(),
  /** null: the sync is not paused */
  paused: z.nullable(z.object({ since: z.nullable(time), by: z.string(), reason: z.nullable(z.string()) })),
  watermark: z.nullable(time),
  lag_seconds: z.nullable(count),
  gaps: z.object({
    open: count,
    missing_seconds: count,
    largest: z.array(
      z.object({ of: z.enum(["site", "point"]), start: time, end: z.nullable(time), cause: z.string() }),
    ),
  }),
  coverage_24h: z.nullable(z.object({ until: time, fraction: z.nullable(count), unjudged_points: count })),
  /** newest first */
  last_runs: z.array(runSchema),
  errors: z.array(syncErrorSchema),
});
export type SiteStatus = z.infer<typeof siteStatusSchema>;

const alertSchema = z.object({ kind: z.string(), site: z.nullable(z.string()), since: time, detail: z.string() });
export type Alert = z.infer<typeof alertSchema>;

const statusSchema = z.object({
  now: time,
  /** null: unknown, because the main database does not answer */
  alerts: z.nullable(z.array(alertSchema)),
  /** the sites whose database does not answer */
  unknown_sites: z.array(z.string()),
  sites: z.array(siteStatusSchema),
});
export type Status = z.infer<typeof statusSchema>;

/** The sync status of each site, and the time of the answer by this page's clock. */
export async function fetchStatus(signal: AbortSignal): Promise<Status & { readonly receivedAt: number }> {
  return { ...(await ask("/etl/status", statusSchema, { signal })), receivedAt: Date.now() };
}

/** Pauses or resumes the sync of a site. Needs the administrator's token. */
export async function setPaused(site: string, isPaused: boolean): Promise<void> {
  const path = `/etl/sites/${encodeURIComponent(site)}/${isPaused ? "pause" : "resume"}`;
  await ask(path, z.object({ site: z.string() }), { method: "POST", body: {}, token: "admin" });
}

const statsSchema = z.object({
  database: z.object({ bytes: count }),
  hours: z.object({ oldest: z.nullable(time), newest: z.nullable(time) }),
  sites: z.array(
    z.object({
      name: z.string(),
      points: z.object({ total: count, configured: count }),
      samples_stored_24h: count,
      cold: z.object({ days: count, samples: count, bytes: count }),
      months: z.object({ files: count, bytes: count }),
    }),
  ),
  unknown_sites: z.array(z.string()),
});
/** The stored data of all sites whose database answers. */
export type Stats = z.infer<typeof statsSchema>;

export function fetchStats(signal: AbortSignal): Promise<Stats> {
  return ask("/etl/stats", statsSchema, { signal });
}

const coveredDaySchema = z.object({
  date: z.string(),
  hot: z.object({ hours: count }),
  cold: z.object({
    state: z.enum(["written", "confirmed-empty", "suspect", "failed", "deleted", "missing"]),
    rows: count,
    points: count,
    bytes: count,
    source: z.nullable(z.enum(["api", "d1"])),
    reason: z.nullable(z.string()),
  }),
  /** null: the day was never due to be settled */
  settling: z.nullable(z.object({ settled_at: z.nullable(time), due_at: z.nullable(time) })),
});
/** The stored data of a UTC day. */
export type CoverageDay = z.infer<typeof coveredDaySchema>;

const siteGapSchema = z.object({ start: time, end: z.nullable(time), state: z.string(), cause: z.string() });
const coverageSchema = z.object({ days: z.array(coveredDaySchema), gaps: z.array(siteGapSchema) });
/** Days, and gaps of the whole site. */
export type CoverageAnswer = z.infer<typeof coverageSchema>;

/** @param first and `end`: UTC days as `YYYY-MM-DD`, half-open */
export function fetchCoverage(site: string, first: string, end: string, signal: AbortSignal): Promise<CoverageAnswer> {
  const query = new URLSearchParams({ start: first, end });
  return ask(`/sites/${encodeURIComponent(site)}/coverage?${query.toString()}`, coverageSchema, { signal });
}

const judgedPointSchema = z.object({
  name: z.string(),
  label: z.nullable(z.string()),
  score: z.nullable(count),
  reasons: z.array(z.string()),
});
export type ScoredPoint = z.infer<typeof judgedPointSchema>;

const qualitySchema = z.object({
  days: z.array(z.object({ date: z.string(), state: z.enum(["judged", "stale", "unjudged"]) })),
  summary: z.object({
    mean_score: z.nullable(count),
    points: count,
    judged: count,
    threshold: count,
    poor: count,
  }),
  points: z.array(judgedPointSchema),
});
/** The last seven full days, worst points first. */
export type Quality = z.infer<typeof qualitySchema>;

export function fetchQuality(site: string, limit: number, signal: AbortSignal): Promise<Quality> {
  return ask(`/sites/${encodeURIComponent(site)}/quality?limit=${limit}`, qualitySchema, { signal });
}

const gapSchema = z.object({
  point: z.nullable(z.string()),
  start: time,
  end: z.nullable(time),
  cause: z.string(),
  attempts: count,
  next_attempt_at: z.nullable(time),
  last_error: z.nullable(z.string()),
});
/** A stretch without expected samples. `point` null: the whole site; `end` null: ongoing. */
export type ListedGap = z.infer<typeof gapSchema>;

const gapsSchema = z.object({ gaps: z.array(gapSchema), next_cursor: z.nullable(z.string()) });
export type GapPage = z.infer<typeof gapsSchema>;

/** Open gaps with the names of their points, newest first. Needs the administrator's token. */
export function fetchOpenGaps(site: string, limit: number, signal: AbortSignal): Promise<GapPage> {
  const query = new URLSearchParams({ site, state: "open", limit: String(limit) });
  return ask(`/etl/gaps?${query.toString()}`, gapsSchema, { signal, token: "admin" });
}
