import { useId } from "preact/hooks";
import { useAction } from "../api/use-action.ts";
import { formatCount } from "../backfill/format-backfill.ts";
import { Icon } from "../ui/icon.tsx";
import { Refusal } from "../ui/refusal.tsx";
import { setPaused, type SiteStatus } from "./health-api.ts";
import { formatAgo, formatRoughLength, formatTimeOfDay } from "./format-health.ts";
import { RunStrip, tookText } from "./run-strip.tsx";
import { errorGroups } from "./sync-errors.ts";
import { isBehind, lagOf } from "./lag.ts";

interface SyncCardProps {
  readonly site: SiteStatus;
  readonly zone: string;
  /** epoch ms, of the server's clock */
  readonly now: number;
  /** called after the sync was paused or resumed */
  readonly onChanged: () => void;
}

const ERRORS_SHOWN = 4;

/** The progress of a site's sync, its last runs, and their errors. */
export function SyncCard({ site, zone, now, onChanged }: SyncCardProps) {
  const { name, paused, watermark, last_runs: runs, errors } = site;
  const lag = lagOf(site, now);
  const last = runs[0];
  const incomplete = runs.filter(({ complete }) => !complete).length;
  const groups = errorGroups(errors);
  const id = useId();
  const pausing = useAction();
  const isPaused = paused !== null;
  const isPausedBySetting = isPaused && paused.since === null;
  const change = async () => {
    if (await pausing.run(() => setPaused(name, !isPaused))) onChanged();
  };
  return (
    <section class="card health-card sync" aria-labelledby={id}>
      <header class="health-head">
        <div>
          <h2 id={id}>Sync</h2>
          <p class="quiet">{name}</p>
        </div>
        {!isPausedBySetting && (
          <button type="button" class="button" disabled={pausing.isBusy} onClick={() => void change()}>
            {isPaused ? "Resume" : "Pause"}
            <span class="visually-hidden"> the sync of {name}</span>
          </button>
        )}
      </header>
      {pausing.error !== null && (
        <Refusal lead={isPaused ? "Could not resume the sync." : "Could not pause the sync."} error={pausing.error} />
      )}
      {paused !== null && (
        <p class="sync-paused">
          <strong>Paused</strong>
          {paused.since !== null && ` since ${formatTimeOfDay(zone, Date.parse(paused.since), now)}`}, by {paused.by}
          {paused.reason !== null && `: ${paused.reason}`}
        </p>
      )}
      <p class={lag === null || isBehind(lag) ? "sync-lag late" : "sync-lag"}>
        {lag === null || watermark === null ? (
          <strong>Never synced</strong>
        ) : (
          <>
            <strong class="number">{formatRoughLength(lag)}</strong> <span>behind now</span>
            <span class="quiet number">complete up to {formatTimeOfDay(zone, Date.parse(watermark), now)}</span>
          </>
        )}
      </p>
      {last !== undefined && (
        <div class="sync-runs">
          <RunStrip runs={runs} now={now} />
          <p class="quiet number">
            Last run {formatAgo(now - Date.parse(last.started_at))}: {tookText(last.duration_ms)},{" "}
            {formatCount(last.records_inserted, "sample")}
            {incomplete > 0 &&
              (runs.length === 1 ? ", not complete" : `. ${incomplete} of the last ${runs.length} not complete`)}
          </p>
        </div>
      )}
      {groups.length === 0 ? (
        runs.length > 0 && (
          <p class="sync-well quiet">
            <Icon name="check" /> No errors in the last {runs.length === 1 ? "run" : `${runs.length} runs`}
          </p>
        )
      ) : (
        <ul class="sync-errors" aria-label={`Last errors of ${name}`}>
          {groups.slice(0, ERRORS_SHOWN).map(({ text, code, message, count, at }) => (
            <li key={`${text} ${message}`}>
              <p>
                {text} {count > 1 && <span class="number">({count} times)</span>}
              </p>
              <p class="quiet">{message}</p>
              <p class="quiet number">
                <code>{code}</code> · {formatTimeOfDay(zone, at, now)}
              </p>
            </li>
          ))}
        </ul>
      )}
      {groups.length > ERRORS_SHOWN && <p class="quiet">and {groups.length - ERRORS_SHOWN} more kinds of errors</p>}
    </section>
  );
}
