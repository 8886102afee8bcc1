import { type DeadLetter, LETTER_DAYS } from "../domain/dead-letter.ts";
import { totalRejected } from "../domain/rejection.ts";
import { JOURNAL_DAYS } from "./journal.ts";
import type { SyncResult } from "./sync-result.ts";

const TTL_S = JOURNAL_DAYS * 86_400;

/**
 * Publishes a run to KV under the keys and in the shapes of the older documents, for what reads them. KV is a
 * projection only: nothing of ours decides by it, for it is eventually consistent.
 * @param apiLatencyMs mean time of an API call in this run
 * @param of.siteCount sites of the deployment; a run may be of some of them
 * @param of.begun those that it came to, by name
 * @param letters what the run did not store; the failed writes among them are published
 */
export async function publishRun(
  kv: KVNamespace,
  run: SyncResult,
  apiLatencyMs: number,
  of: { readonly siteCount: number; readonly begun: ReadonlySet<string> },
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
    ...watermarks(run, of).map(([key, time]) => kv.put(key, String(time))),
  ];
  // One key a sync, as the older documents have it: the first error; all of them are in etl:state.
  const [first] = errors;
  if (first !== undefined) {
    const { message, stage, site } = first;
    writes.push(put(`etl:errors:${syncId}`, { syncId, timestamp, duration, error: message, stage, site }));
  }
  // What was a batch of 1,000 records to the older documents is a page here; at most one of a site fails in a run.
  const failed = letters.flatMap(({ about }) => (about.reason === "write_failed" ? [about.error] : []));
  for (const [chunk, error] of failed.entries()) {
    const value = JSON.stringify({ chunk, error, timestamp: endedAt });
    writes.push(kv.put(`dlq:${syncId}:${chunk}`, value, { expirationTtl: LETTER_DAYS * 86_400 }));
  }
  await Promise.all(writes);
}

/**
 * `etl:last_sync_timestamp` in epoch ms; of several sites it is the earliest, and each has its own key besides. A run of
 * some of the sites knows nothing of the others, so it leaves everybody's alone.
 */
function watermarks(
  run: SyncResult,
  { siteCount, begun }: { readonly siteCount: number; readonly begun: ReadonlySet<string> },
): [key: string, time: number][] {
  const times = run.sites.flatMap(({ site, watermark }) =>
    watermark === null ? [] : [{ site, time: Date.parse(watermark) }],
  );
  const own = times
    .filter(({ site }) => siteCount > 1 && begun.has(site))
    .map(({ site, time }): [string, number] => [`etl:last_sync_timestamp:${site}`, time]);
  if (times.length === 0 || times.length < siteCount) return own;
  return [...own, ["etl:last_sync_timestamp", Math.min(...times.map(({ time }) => time))]];
}
