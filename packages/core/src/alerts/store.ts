import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { ALERT_KINDS, type AlertState } from "./alert.ts";

/**
 * How long a cron holds its claim to send an alert, in ms. The next cron, five minutes later, sends it if the first one
 * died.
 */
const CLAIM_MS = 240_000;

const levelSchema = z.enum(["firing", "ok"]);
const rowSchema = z.object({
  site: z.string(),
  kind: z.enum(ALERT_KINDS),
  level: levelSchema,
  since: z.int(),
  detail: z.string(),
  sent: levelSchema,
  firing_sent_at: z.int().nullable(),
  ok_sent_at: z.int().nullable(),
});

/** All alerts of these sites and of the deployment, at any level. */
export async function readAlerts(db: D1Database, sites: readonly string[]): Promise<AlertState[]> {
  const statement = db
    .prepare("SELECT * FROM alerts WHERE site = '' OR site IN (SELECT value FROM json_each(?1)) ORDER BY site, kind")
    .bind(JSON.stringify(sites));
  const { results } = await withD1Retry(() => statement.all());
  return z
    .array(rowSchema)
    .parse(results)
    .map((row) => ({
      kind: row.kind,
      site: row.site === "" ? null : row.site,
      level: row.level,
      since: row.since,
      detail: row.detail,
      sent: row.sent,
      firingSentAt: row.firing_sent_at,
      okSentAt: row.ok_sent_at,
    }));
}

/** Stores changed levels. Only {@link markSent} writes sent levels, so that two crons do not undo each other. */
export async function saveLevels(db: D1Database, states: readonly AlertState[]): Promise<void> {
  if (states.length === 0) return;
  const rows = states.map(({ site, kind, level, since, detail }) => [site ?? "", kind, level, since, detail]);
  const statement = db
    .prepare(
      `INSERT INTO alerts (site, kind, level, since, detail, sent)
       SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, 'ok' FROM json_each(?1) WHERE true
       ON CONFLICT (site, kind) DO UPDATE SET level = excluded.level, since = excluded.since, detail = excluded.detail
       WHERE level IS NOT excluded.level`,
    )
    .bind(JSON.stringify(rows));
  await withD1Retry(() => statement.run());
}

/** Claims an alert for this cron. @returns false: another cron is sending it */
export async function claimAlert(db: D1Database, { site, kind, level }: AlertState, now: number): Promise<boolean> {
  const statement = db
    .prepare(
      `UPDATE alerts SET claimed_at = ?4 WHERE site = ?1 AND kind = ?2 AND level = ?3 AND sent <> level
         AND (claimed_at IS NULL OR claimed_at NOT BETWEEN ?4 - ?5 AND ?4)`,
    )
    .bind(site ?? "", kind, level, now, CLAIM_MS);
  return (await withD1Retry(() => statement.run())).meta.changes === 1;
}

/** Records a sent level. */
export async function markSent(db: D1Database, state: AlertState): Promise<void> {
  const { site, kind, sent, firingSentAt, okSentAt } = state;
  const statement = db
    .prepare(
      `UPDATE alerts SET sent = ?3, firing_sent_at = ?4, ok_sent_at = ?5, claimed_at = NULL
       WHERE site = ?1 AND kind = ?2`,
    )
    .bind(site ?? "", kind, sent, firingSentAt, okSentAt);
  await withD1Retry(() => statement.run());
}
