import { useRef } from "preact/hooks";
import type { Answer } from "../api/use-answer.ts";
import { Failure } from "../ui/failure.tsx";
import { Icon } from "../ui/icon.tsx";
import type { CoverageState } from "./coverage-state.ts";
import type { Status } from "./health-api.ts";
import { formatAgo, formatAlert, formatTimeOfDay, upperFirst, withLocalTimes } from "./format-health.ts";
import { verdictOf } from "./verdict.ts";

interface StatusCardProps {
  readonly answer: Answer<Status & { readonly receivedAt: number }>;
  /** states of the days of the shown site; null: unknown */
  readonly days: readonly CoverageState[] | null;
  readonly zone: string;
  /** epoch ms: by this page's clock, and by the server's */
  readonly clock: number;
  readonly now: number;
  readonly onRefresh: () => void;
}

/** The overall status and the active alerts. */
export function StatusCard({ answer, days, zone, clock, now, onRefresh }: StatusCardProps) {
  const { data, error, isLoading, reload } = answer;
  if (data === undefined) {
    return (
      <section class="card status-card" aria-label="Status" aria-busy={isLoading}>
        {error === undefined ? (
          <p class="quiet">Loading the status…</p>
        ) : (
          <Failure part="The sync status" error={error} onRetry={reload} />
        )}
      </section>
    );
  }
  const alerts = data.alerts ?? [];
  const verdict = verdictOf(data, days, now);
  const age = formatAgo(clock - data.receivedAt);
  // An old status does not prove that all is well now.
  const level = error === undefined ? verdict.level : "old";
  return (
    <section class={`card status-card ${level}`} aria-label="Status" aria-busy={isLoading}>
      {error !== undefined && <Failure part="The sync status" error={error} onRetry={reload} />}
      <div class="verdict">
        <span class="verdict-icon">
          <Icon name={level === "good" ? "check" : level === "unknown" ? "clock" : "warning"} />
        </span>
        <div class="verdict-words">
          <h2>
            {error === undefined ? "" : `Status from ${age}: `}
            {verdict.headline}
          </h2>
          {verdict.others.length > 0 && <Facts facts={verdict.others} />}
          {verdict.facts.length > 0 && <Facts facts={verdict.facts} isQuiet />}
        </div>
        <SpokenHeadline headline={verdict.headline} />
        <div class="verdict-end">
          <span class="quiet number">Checked {age}</span>
          <button type="button" class="icon-button" aria-label="Check now" title="Check now" onClick={onRefresh}>
            <Icon name="refresh" />
          </button>
        </div>
      </div>
      {alerts.length > 0 && (
        <ul class="alerts" aria-label="Active alerts">
          {alerts.map(({ kind, site, since, detail }) => (
            <li key={`${kind} ${site}`}>
              <Icon name="warning" />
              <div>
                <p>
                  <strong>{formatAlert(kind)}</strong>
                  {site !== null && <span class="quiet"> {site}</span>}
                </p>
                <p class="quiet number">{upperFirst(withLocalTimes(detail, zone, now))}</p>
              </div>
              <p class="alert-since quiet number">
                since {formatTimeOfDay(zone, Date.parse(since), now)}, {formatAgo(now - Date.parse(since))}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Announces a change of the status, not each minute of its duration. */
function SpokenHeadline({ headline }: { readonly headline: string }) {
  const spoken = useRef(headline);
  const withoutLengths = (text: string) => text.replaceAll(/\d+ (s|min|h|d)\b ?/g, "");
  if (withoutLengths(headline) !== withoutLengths(spoken.current)) spoken.current = headline;
  return (
    <p class="visually-hidden" role="status">
      {spoken.current}
    </p>
  );
}

function Facts({ facts, isQuiet = false }: { readonly facts: readonly string[]; readonly isQuiet?: boolean }) {
  return (
    <ul class={isQuiet ? "verdict-facts number quiet" : "verdict-facts number"}>
      {facts.map((fact) => (
        <li key={fact}>{upperFirst(fact)}</li>
      ))}
    </ul>
  );
}
