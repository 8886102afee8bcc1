import { logError } from "../telemetry/log.ts";
import { afterTelling, type AlertState, type Condition, isDue, nextState } from "./alert.ts";
import { deliverAlert, type WebhookFetch } from "./deliver.ts";
import { claimAlert, markSent, readAlerts, saveLevels } from "./store.ts";

/** Messages per cron run, so that the run ends in time; the next run sends the rest. */
const MESSAGES_AT_ONCE = 20;

export interface AlertContext {
  readonly db: D1Database;
  /** null: alerts are stored and not sent */
  readonly webhook: string | null;
  readonly post: WebhookFetch;
  /** epoch ms */
  readonly now: number;
}

/**
 * Stores changed levels and sends due messages. The next cron sends a message again that the webhook did not accept.
 * @param sites of the deployment
 * @returns the number of accepted messages
 * @throws the error of D1
 */
export async function sendAlerts(
  { db, webhook, post, now }: AlertContext,
  conditions: readonly Condition[],
  sites: readonly string[],
): Promise<number> {
  const keyOf = ({ site, kind }: Pick<Condition, "site" | "kind">) => JSON.stringify([site, kind]);
  const stored = new Map((await readAlerts(db, sites)).map((state) => [keyOf(state), state]));
  const states = new Map(stored);
  for (const condition of conditions) {
    const key = keyOf(condition);
    states.set(key, nextState(stored.get(key) ?? null, condition, now));
  }
  const all = [...states];
  await saveLevels(
    db,
    all.filter(([key, state]) => stored.get(key)?.level !== state.level).map(([, state]) => state),
  );
  if (webhook === null) return 0;
  const due = all.map(([, state]) => state).filter((state) => isDue(state, now));
  const outcomes = await Promise.all(
    due.slice(0, MESSAGES_AT_ONCE).map((state) => tell(db, webhook, post, state, now)),
  );
  return outcomes.filter(Boolean).length;
}

async function tell(
  db: D1Database,
  webhook: string,
  post: WebhookFetch,
  state: AlertState,
  now: number,
): Promise<boolean> {
  if (!(await claimAlert(db, state, now))) return false;
  const failure = await deliverAlert(webhook, state, post);
  if (failure !== null) {
    logError("alert_not_delivered", new Error(failure), { kind: state.kind, site: state.site, level: state.level });
    return false;
  }
  await markSent(db, afterTelling(state, now));
  return true;
}
