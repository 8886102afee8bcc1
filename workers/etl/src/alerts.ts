import { conditionsOf, qualityCondition } from "@building-vitals/core/alerts/conditions";
import { readSiteInputs } from "@building-vitals/core/alerts/site-inputs";
import { sendAlerts } from "@building-vitals/core/alerts/send-alerts";
import { tokenExpiry } from "@building-vitals/core/alerts/token-expiry";
import { readJob } from "@building-vitals/core/backfill/job-store";
import { readProgress } from "@building-vitals/core/backfill/progress";
import { stalledSites } from "@building-vitals/core/backfill/status-answer";
import { byDatabase } from "@building-vitals/core/d1/site-databases";
import { DAY_MS, dayOf } from "@building-vitals/core/domain/day";
import { HOUR_MS } from "@building-vitals/core/domain/hour";
import { readSiteQuality } from "@building-vitals/core/query/site-quality";
import type { Settings } from "./env.ts";
import type { StoredSite } from "./sites.ts";

/** Interval of the sync cron, ms. */
const SYNC_CADENCE_MS = 300_000;

/**
 * Evaluates the alert conditions of all sites, and sends the alerts that changed.
 * @param syncMs duration of the sync that just ended, ms
 * @param now epoch ms
 * @returns the number of messages that the webhook accepted
 */
export async function runAlerts(settings: Settings, syncMs: number, now: number): Promise<number> {
  const { DB: db, ACE_API_KEY: apiKey, ALERT_WEBHOOK_URL: webhook } = settings;
  const names = settings.SITES.map(({ name }) => name);
  const read = await Promise.allSettled(
    byDatabase(settings, settings.SITES).map(({ db: siteDb, sites: inIt }) => {
      const namesInIt = inIt.map(({ name }) => name);
      return readSiteInputs(siteDb, namesInIt, now);
    }),
  );
  const known = read.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value : []));
  const pausedBySetting = new Set(settings.SITES.flatMap(({ name, paused }) => (paused === true ? [name] : [])));
  const sites = known.flatMap((ofDatabase) =>
    ofDatabase.sites.map((input) => ({ ...input, isPaused: input.isPaused || pausedBySetting.has(input.site) })),
  );
  // The size of the fullest database; /stats shows the size of each.
  const sizes = known.flatMap((ofDatabase) => ofDatabase.databaseBytes ?? []);
  const databaseBytes = sizes.length === 0 ? null : Math.max(...sizes);
  const backfillFault = await faultOfBackfill(db, now);
  const inputs = { now, sites, syncMs, backfillFault, databaseBytes, tokenExpiresAt: tokenExpiry(apiKey) };
  const conditions = conditionsOf(inputs, {
    errorPercent: settings.ALERT_ERROR_PERCENT,
    syncMs: settings.ALERT_SYNC_SECONDS * 1000,
    silentMs: settings.ALERT_SILENT_HOURS * HOUR_MS,
    unsettledMs: settings.ALERT_UNSETTLED_HOURS * HOUR_MS,
    staleMs: settings.ALERT_STALE_CADENCES * SYNC_CADENCE_MS,
    databaseBytes: settings.D1_MAX_MB * 10_000 * settings.ALERT_D1_PERCENT,
    tokenMs: settings.ALERT_TOKEN_DAYS * DAY_MS,
  });
  const sent = await sendAlerts({ db, webhook, post: (url, init) => fetch(url, init), now }, conditions, names);
  // The sites of a database that did not answer are unknown. The alerts of all other sites are sent before the error is
  // thrown.
  const lost = read.find((outcome) => outcome.status === "rejected");
  if (lost !== undefined) throw lost.reason;
  return sent;
}

/**
 * Evaluates the quality of each site's last full day, if judged, and sends the alerts that changed.
 * @param now epoch ms
 * @returns the number of messages that the webhook accepted
 */
export async function runQualityAlerts(settings: Settings, sites: readonly StoredSite[], now: number): Promise<number> {
  const { DB, ALERT_WEBHOOK_URL: webhook } = settings;
  const conditions = [];
  for (const { name: site, db, id } of sites) {
    const quality = await readSiteQuality(db, id, dayOf(now) - 1);
    if (quality !== null) conditions.push(qualityCondition({ site, ...quality }, settings.ALERT_QUALITY));
  }
  const names = sites.map(({ name }) => name);
  return sendAlerts({ db: DB, webhook, post: (url, init) => fetch(url, init), now }, conditions, names);
}

/** Why the last backfill needs attention; null: no fault. */
async function faultOfBackfill(db: D1Database, now: number): Promise<string | null> {
  const job = await readJob(db);
  if (job?.status === "failed")
    return `the backfill ${job.backfillId} failed: ${job.reason ?? "the reason is unknown"}`;
  if (job?.status !== "in_progress") return null;
  // Counting a backfill's days reads a row per day, so only a running backfill is counted.
  const progress = await readProgress(db);
  const isStalled = progress !== null && stalledSites(progress, now).size > 0;
  return isStalled ? `the backfill ${job.backfillId} stands still` : null;
}
