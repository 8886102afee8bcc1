import { openDetail } from "@building-vitals/core/alerts/alert";
import { readListState } from "@building-vitals/core/catalog/refresh-catalog";
import { type ScannedSite, readScannedSites } from "@building-vitals/core/gaps/gap-sites";
import { readOpenGaps } from "@building-vitals/core/gaps/open-gaps";
import { readMonthFiles } from "@building-vitals/core/manifest/month-files";
import { dayText } from "@building-vitals/core/domain/day";
import { MONTHS, monthText } from "@building-vitals/core/domain/month";
import { countDamaged } from "@building-vitals/core/store/damaged-segments";
import { readSettleState } from "@building-vitals/core/store/settle-state";
import { readRuns } from "@building-vitals/core/sync/journal";
import type { SyncState } from "@building-vitals/core/sync/sync-state";
import { describe } from "@building-vitals/core/http/openapi";
import { Hono } from "hono";
import { statusSchema } from "../answers.ts";
import { type Env, settingsOf } from "../env.ts";
import { readKnownAlerts } from "../known-alerts.ts";
import { shownPause } from "../pause.ts";
import { namesIn, readAnswering, storedIn, type StoredSite } from "../sites.ts";

const RUNS_SHOWN = 12;

function isoTime(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

function coverageOf(scanned: ScannedSite | undefined) {
  if (scanned === undefined || scanned.scannedUntil === null) return null;
  const { expected, present, unjudged } = scanned;
  const fraction = expected === 0 ? null : present / expected;
  return { until: isoTime(scanned.scannedUntil), expected, present, fraction, unjudged_points: unjudged };
}

/** @param setting PAGE_SIZE */
function pageSizeOf({ smallerPages }: SyncState, setting: number) {
  if (smallerPages === null || smallerPages.size >= setting)
    return { rows: setting, smaller_because: null, larger_at: null };
  const { size: rows, reason, retryAt } = smallerPages;
  return { rows, smaller_because: reason, larger_at: isoTime(retryAt) };
}

async function settlingOf(db: D1Database, siteId: number, now: number) {
  const state = await readSettleState(db, siteId, now);
  const date = (day: number | null) => (day === null ? null : dayText(day));
  return {
    awaiting: state.awaiting,
    due: state.due,
    oldest_due: date(state.oldestDue),
    due_since: isoTime(state.dueSince),
    last_settled_at: isoTime(state.lastSettledAt),
    building: date(state.building),
    failed: state.failed,
  };
}

async function monthsOf(db: D1Database, siteId: number) {
  const rows = await readMonthFiles(db, siteId, 0, MONTHS);
  const building = rows.find(({ instance }) => instance !== null);
  return {
    files: rows.filter(({ file }) => file !== null).length,
    building: building === undefined ? null : monthText(building.month),
    failed: rows.flatMap(({ month, reason }) => (reason === null ? [] : [{ month: monthText(month), reason }])),
  };
}

async function statusOf(
  { name, db, id, state, pause }: StoredSite,
  scanned: ScannedSite | undefined,
  now: number,
  pageSize: number,
) {
  const runs = await readRuns(db, id, RUNS_SHOWN);
  const gaps = await readOpenGaps(db, id, state.watermark);
  const { held, conflicts, neverSeen } = await readListState(db, id);
  return {
    name,
    paused: shownPause(pause),
    watermark: isoTime(state.watermark),
    lag_seconds: state.watermark === null ? null : Math.round((now - state.watermark) / 1000),
    newest_sample: isoTime(state.newestSample),
    newest_sample_age_seconds: state.newestSample === null ? null : Math.round((now - state.newestSample) / 1000),
    served_to: isoTime(state.servedTo),
    open_window:
      state.open === null ? null : { start: isoTime(state.open.range.start), end: isoTime(state.open.range.end) },
    page_size: pageSizeOf(state, pageSize),
    catalog_refreshed_at: isoTime(state.catalogAt),
    point_list: {
      held: held === null ? null : { at: isoTime(held.at), listed: held.listed, missing: held.missing.length },
      conflicts,
      never_sent: neverSeen,
    },
    gaps: {
      open: gaps.open,
      missing_seconds: gaps.missingSeconds,
      oldest_start: isoTime(gaps.oldestStart),
      largest: gaps.largest.map((gap) => ({ ...gap, start: isoTime(gap.start), end: isoTime(gap.end) })),
    },
    settling: await settlingOf(db, id, now),
    months: await monthsOf(db, id),
    damaged_rows: await countDamaged(db, id),
    coverage_24h: coverageOf(scanned),
    last_runs: runs.map((run) => ({
      sync_id: run.syncId,
      started_at: isoTime(run.startedAt),
      duration_ms: run.durationMs,
      complete: run.complete,
      records_fetched: run.fetched,
      records_inserted: run.inserted,
      records_unchanged: run.unchanged,
      records_failed: run.failed,
      records_rejected: run.rejected,
      api_calls: run.apiCalls,
    })),
    errors: runs.flatMap((run) =>
      run.errors.map((error) => ({ sync_id: run.syncId, at: isoTime(run.startedAt), ...error })),
    ),
  };
}

const described = describe({
  summary: "Each site's watermark, last runs and their errors, open gaps, and active alerts",
  access: "open",
  answers: { 200: { description: "The current state", content: { "application/json": statusSchema } } },
  problems: [],
});

/** `GET /status`: the watermark, last runs, errors and gaps of each site. */
export const statusRoute = new Hono<{ Bindings: Env }>().get("/status", described, async (context) => {
  const settings = settingsOf(context.env);
  const now = Date.now();
  const { answers, lost } = await readAnswering(settings, async (database) => {
    const { db, sites } = await storedIn(database);
    const ids = sites.map(({ id }) => id);
    const scanned = await readScannedSites(db, ids);
    return Promise.all(sites.map((site) => statusOf(site, scanned.get(site.id), now, settings.PAGE_SIZE)));
  });
  const alerts = (await readKnownAlerts(settings))
    ?.filter(({ level }) => level === "firing")
    .map(({ kind, site, since, detail }) => ({ kind, site, since: isoTime(since), detail: openDetail(detail) }));
  const answer = { now: isoTime(now), sites: answers.flat(), unknown_sites: namesIn(lost), alerts: alerts ?? null };
  return context.json(answer, 200, { "cache-control": "no-store" });
});
