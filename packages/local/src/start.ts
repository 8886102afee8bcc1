import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { BackfillClient } from "./backfill-client.ts";
import { runUntilStopped } from "./command.ts";
import { namedCrons } from "./crons.ts";
import { syncUntilComplete } from "./first-sync.ts";
import { WorkerRefused } from "./worker-client.ts";
import { DEFAULT_BACKFILL_PORT } from "./settings.ts";
import { WORKER_NAMES } from "./worker-names.ts";
import type { LocalWorkers } from "./workers.ts";

const sitesSchema = z.object({ sites: z.array(z.object({ name: z.string() })).min(1) });
const pointsSchema = z.object({ points: z.array(z.object({ name: z.string() })) });
const answerSchema = z.object({ metadata: z.object({ total_samples: z.int() }) });

const DAY_MS = 86_400_000;
/** Days before today that a start backfills. */
const PAST_DAYS = 3;
const CONFLICT = 409;

const gapsSchema = z.object({ sites: z.array(z.object({ gaps: z.object({ open: z.int() }) })) });

/**
 * Runs the next hour's gap detection now, so that Health shows a result at once.
 * @returns the result as text
 */
async function findGaps({ crons, runCron, urls }: LocalWorkers): Promise<string> {
  try {
    const expressions = crons.flatMap(({ worker, cron }) => (worker === "etl" ? [cron] : []));
    await runCron({ worker: "etl", cron: namedCrons("etl", expressions)["hourly"] ?? "" });
  } catch {
    // The system works without it, and the cron repeats it.
    return "not searched: the hourly cron failed. VERBOSE=1 prints why.";
  }
  const { sites } = gapsSchema.parse(await (await fetch(`${urls.etl}/status`)).json());
  return `${sites.reduce((sum, { gaps }) => sum + gaps.open, 0)} open`;
}

/** Backfills the last few days; existing days take no time. @returns the result as text */
async function backfillPastDays(url: string, token: string): Promise<string> {
  const dayBefore = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
  const client = new BackfillClient(url, token);
  try {
    await client.start({ start_date: dayBefore(PAST_DAYS), end_date: dayBefore(1) });
  } catch (error) {
    if (error instanceof WorkerRefused && error.status === CONFLICT) return "one of an earlier start continues";
    throw error;
  }
  for (;;) {
    const status = await client.status();
    if (status.status !== "in_progress") {
      const failed = status.days_failed === 0 ? "" : `, ${status.days_failed} FAILED`;
      return `${status.days_completed} of ${status.days_total} past days are in R2${failed}`;
    }
    await sleep(250);
  }
}

// `npm start`: the whole system, up to a first answered query.
await runUntilStopped(async ({ workers, simulatorUrl }, settings, say) => {
  const { etl, backfill, query } = workers.urls;
  const started = Date.now();
  const { stored } = await syncUntilComplete(etl, settings.ADMIN_TOKEN);
  say(`first sync ${stored.toLocaleString("en")} new samples in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  // A real API allows 50 requests a minute, so three days take half an hour: the operator starts that.
  if (simulatorUrl !== null) {
    say(`backfill   ${await backfillPastDays(backfill, settings.ADMIN_TOKEN)}`);
    say(`gaps       ${await findGaps(workers)}`);
  }

  const headers: Record<string, string> =
    settings.QUERY_TOKEN === undefined ? {} : { authorization: `Bearer ${settings.QUERY_TOKEN}` };
  const ask = async (url: string): Promise<unknown> => {
    const response = await fetch(url, { headers });
    if (!response.ok) throw new Error(`the query Worker answered ${response.status}: ${await response.text()}`);
    return response.json();
  };
  const { sites } = sitesSchema.parse(await ask(`${query}/sites`));
  const site = encodeURIComponent(sites[0]!.name);
  const { points } = pointsSchema.parse(await ask(`${query}/sites/${site}/points?search=temp&limit=1`));
  const names = encodeURIComponent(points[0]?.name ?? "");
  const now = Date.now();
  const example = `${query}/timeseries/query?site_name=${site}&point_names=${names}&start_time=${now - 86_400_000}&end_time=${now}`;
  if (points.length > 0) {
    const { metadata } = answerSchema.parse(await ask(example));
    say(`query      a first chart of ${points[0]!.name}: ${metadata.total_samples} samples of the last 24 hours`);
  }

  say("");
  say("ready. New samples come every 5 minutes. Ctrl-C stops; the next start continues.");
  say(`dashboard  ${query}/`);
  for (const name of WORKER_NAMES.toReversed()) say(`${name.padEnd(10)} ${workers.urls[name]}`);
  if (simulatorUrl !== null) say(`${"simulator".padEnd(10)} ${simulatorUrl}/api`);
  say("");
  if (points.length > 0) say(`A chart's data:  curl '${example}'`);
  say(`All latest:      curl '${query}/sites/${site}/latest'`);
  say(`State of sync:   curl '${etl}/status'`);
  const elsewhere = settings.BACKFILL_PORT === DEFAULT_BACKFILL_PORT ? "" : ` --url ${backfill}`;
  say(`Past days:       npm run backfill -- --from YYYY-MM-DD --to YYYY-MM-DD --watch${elsewhere}`);
  // The shell inserts the token, so that the line works as printed and shows no token.
  say(`Sync now:        curl -X POST -H "authorization: Bearer \${ADMIN_TOKEN:-local-admin}" '${etl}/trigger'`);
  say(`The API's page:  ${query}/docs`);
});
