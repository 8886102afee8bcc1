import { DAY_S } from "../domain/day.ts";
import { type DeadLetter, LETTER_DAYS } from "../domain/dead-letter.ts";
import { totalRejected } from "../domain/rejection.ts";
import { JOURNAL_DAYS } from "./journal.ts";
import type { SyncResult } from "./sync-result.ts";

const TTL_S = JOURNAL_DAYS * DAY_S;

/**
 * Publishes a run to KV under the keys and shapes of the older documents. KV is a projection only: it is eventually
 * consistent, so this code never reads it.
 * @param apiLatencyMs mean time of an API call in this run
 * @param progress.siteCount sites of the deployment; a run may cover some of them
 * @param progress.begun names of the started sites
 * @param letters what the run did not store; failed writes among them are published
 */
export async function publishRun(
  kv: KVNamespace,
  run: SyncResult,
  apiLatencyMs: number,
  progress: { readonly siteCount: number; readonly begun: ReadonlySet<string> },
  letters: readonly DeadLetter[] = [],
): Promise<void> {
  const sum = (count: (site: SyncResult["sites"][number]) => number) =>
    run.sites.reduce((n, site) => n + count(site), 0);
  const errors = run.sites.flatMap((site) => site.errors.map((error) => ({ ...error, site: site.site })));
  const counts = {
    recordsFetched: sum((site) => site.recordsFetched),
    recordsInserted: sum((site) => site.recordsInserted),
    recordsFailed: sum((site) => site.recordsFailed),
    pointsProcessed: sum((site) => site.pointsProcessed),
    apiCalls: sum((site) => site.apiCalls),
  };
  const accepted = counts.recordsFetched - sum((site) => totalRejected(site.recordsRejected));
  const { syncId, startTime, duration } = run;
  const endedAt = Date.parse(startTime) + duration;
  const timestamp = new Date(endedAt).toISOString();
  const put = (key: string, value: unknown) => kv.put(key, JSON.stringify(value), { expirationTtl: TTL_S });

  const writes = [
    put(`etl:state:${syncId}`, { syncId, startTime, ...counts, duration, errors }),
    put(`etl:metrics:${syncId}`, {
      syncId,
      timestamp,
      duration,
      ...counts,
      errors: errors.length,
      performance: {
        samplesPerSecond: duration > 0 ? Math.round((accepted * 1000) / duration) : 0,
        avgApiLatency: Math.round(apiLatencyMs),
        filteringEfficiency: counts.recordsFetched > 0 ? accepted / counts.recordsFetched : 1,
      },
    }),
    ...watermarks(run, progress).map(([key, time]) => kv.put(key, String(time))),
  ];
  // One key per sync, as in the older documents: the first error. etl:state has all errors.
  const [first] = errors;
  if (first !== undefined) {
    const { message, stage, site } = first;
    writes.push(put(`etl:errors:${syncId}`, { syncId, timestamp, duration, error: message, stage, site }));
  }
  // The older documents have batches of 1,000 records; here it is a page. At most one page per site fails in a run.
  const failed = letters.flatMap(({ about }) => (about.reason === "write_failed" ? [about.error] : []));
  for (const [chunk, error] of failed.entries()) {
    const value = JSON.stringify({ chunk, error, timestamp: endedAt });
    writes.push(kv.put(`dlq:${syncId}:${chunk}`, value, { expirationTtl: LETTER_DAYS * DAY_S }));
  }
  await Promise.all(writes);
}

/**
 * `etl:last_sync_timestamp` in epoch ms: the earliest of all sites; each site also has a key of its own. A run of some
 * sites leaves the global key unchanged, because it has no state of the others.
 */
function watermarks(
  run: SyncResult,
  { siteCount, begun }: { readonly siteCount: number; readonly begun: ReadonlySet<string> },
): [key: string, time: number][] {
  const times = run.sites.flatMap(({ site, watermark }) =>
    watermark === null ? [] : [{ site, time: Date.parse(watermark) }],
  );
  const bySite = times
    .filter(({ site }) => siteCount > 1 && begun.has(site))
    .map(({ site, time }): [string, number] => [`etl:last_sync_timestamp:${site}`, time]);
  if (times.length === 0 || times.length < siteCount) return bySite;
  return [...bySite, ["etl:last_sync_timestamp", Math.min(...times.map(({ time }) => time))]];
}
