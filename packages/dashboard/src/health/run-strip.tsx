import { formatCount } from "../backfill/format-backfill.ts";
import { formatValue } from "../chart/format.ts";
import type { Run } from "./health-api.ts";
import { formatAgo } from "./format-health.ts";

/** The number of runs that the API returns. */
const SLOTS = 12;
const LOWEST_PERCENT = 12;

/** `0.42 s`, `1 min 5 s`. */
export function tookText(ms: number): string {
  return ms < 10_000 ? `${formatValue(Math.round(ms / 10) / 100)} s` : `${Math.round(ms / 1000)} s`;
}

function formatRun(
  { started_at: at, duration_ms: ms, complete, records_inserted: inserted }: Run,
  now: number,
): string {
  const outcome = complete ? "complete" : "not complete";
  return `${formatAgo(now - Date.parse(at))}: ${outcome}, took ${tookText(ms)}, ${formatCount(inserted, "sample")} stored`;
}

/** The last runs, newest on the right; a bar's height is the duration. @param runs newest first @param now epoch ms */
export function RunStrip({ runs, now }: { readonly runs: readonly Run[]; readonly now: number }) {
  const longest = Math.max(...runs.map((run) => run.duration_ms), 1);
  const height = (ms: number) => `${LOWEST_PERCENT + (ms / longest) * (100 - LOWEST_PERCENT)}%`;
  const lacking = Array.from({ length: Math.max(0, SLOTS - runs.length) }, (_, i) => i);
  return (
    <ol class="run-strip" aria-label="Last runs, oldest first">
      {lacking.map((slot) => (
        <li key={slot} class="none" aria-hidden="true" />
      ))}
      {runs.toReversed().map((run) => (
        <li key={run.sync_id} class={run.complete ? "complete" : "incomplete"} title={formatRun(run, now)}>
          <i style={{ height: height(run.duration_ms) }} />
          <span class="visually-hidden">{formatRun(run, now)}</span>
        </li>
      ))}
    </ol>
  );
}
