import { useState } from "preact/hooks";
import { type Answer, useAnswer } from "../api/use-answer.ts";
import { formatCount } from "../backfill/format-backfill.ts";
import { Failure } from "../ui/failure.tsx";
import { Icon } from "../ui/icon.tsx";
import { GapTable } from "./gap-table.tsx";
import { type CoverageAnswer, fetchOpenGaps, type SiteStatus, type Status } from "./health-api.ts";
import { HealthCard } from "./health-card.tsx";
import { formatAgo, formatRoughLength } from "./format-health.ts";
import { isOld, lastScanOf } from "./last-scan.ts";
import { knownGaps, namedGaps } from "./open-gaps.ts";

/** The API's limit for a page. */
const NAMED_MOST = 500;
const NAMED_EVERY_MS = 60_000;

interface GapsCardProps {
  readonly site: string;
  readonly zone: string;
  readonly status: Answer<Status>;
  readonly coverage: CoverageAnswer | undefined;
  readonly now: number;
}

/** The open gaps, and their last requests. */
export function GapsCard({ site, zone, status, coverage, now }: GapsCardProps) {
  const [isNamed, setNamed] = useState(false);
  const [isAnswered, setAnswered] = useState(false);
  // A user who refused to give a token is not asked again.
  const every = isAnswered ? NAMED_EVERY_MS : undefined;
  const load = async (signal: AbortSignal) => {
    const page = await fetchOpenGaps(site, NAMED_MOST, signal);
    setAnswered(true);
    return page;
  };
  const named = useAnswer(isNamed ? `gaps ${site}` : null, load, every);
  const ofSite = status.data?.sites.find(({ name }) => name === site);
  const open = ofSite?.gaps.open ?? 0;
  const missing = (ofSite?.gaps.missing_seconds ?? 0) * 1000;
  const unjudged = ofSite?.coverage_24h?.unjudged_points ?? 0;
  const isLost = status.data?.unknown_sites.includes(site) ?? false;
  const none = isLost
    ? { isWell: false, text: "Unknown: the site's database does not answer." }
    : formatNoGaps(ofSite, now);
  const rows = named.data === undefined ? knownGaps(ofSite, coverage, now) : namedGaps(named.data.gaps, now);
  const note = open === 0 ? `Of ${site}` : `${formatCount(open, "open gap")}, ${formatRoughLength(missing)} in all`;
  return (
    <HealthCard
      id="gaps"
      title="Open gaps"
      note={note}
      part="The open gaps"
      answer={status}
      controls={
        open > 0 &&
        named.data === undefined && (
          <button
            type="button"
            class="button"
            disabled={isNamed && named.isLoading}
            onClick={() => (isNamed ? named.reload() : setNamed(true))}
          >
            {isNamed && named.isLoading ? "Asking…" : "Show the point names"}
          </button>
        )
      }
    >
      {() => (
        <>
          {named.error !== undefined && <Failure part="The point names" error={named.error} onRetry={named.reload} />}
          {rows.length > 0 ? (
            <GapTable site={site} zone={zone} rows={rows} now={now} hasInquiries={named.data !== undefined} />
          ) : (
            <p class={none.isWell ? "health-none well" : "health-none"}>
              <Icon name={none.isWell ? "check" : "clock"} />
              {none.text}
            </p>
          )}
          {unjudged > 0 && (
            <p class="quiet gaps-rest">
              {unjudged === 1 ? "1 point has" : `${unjudged.toLocaleString("en")} points have`} no known cadence, so
              gaps cannot be detected there.
            </p>
          )}
          {rows.length > 0 && rows.length < open && (
            <p class="quiet gaps-rest">
              {named.data === undefined
                ? `The ${rows.length} longest of ${open}. The points' names need the administrator's token.`
                : `The newest ${rows.length} of ${open}.`}
            </p>
          )}
        </>
      )}
    </HealthCard>
  );
}

/** The meaning of a site without known open gaps. */
function formatNoGaps(site: SiteStatus | undefined, now: number): { readonly isWell: boolean; readonly text: string } {
  if (site === undefined || site.coverage_24h === null) {
    return { isWell: false, text: "Gap detection has not run yet. It runs hourly, after the first sync." };
  }
  const scan = lastScanOf(site);
  if (scan === null) return { isWell: false, text: "Unknown: no point has a known cadence." };
  if (isOld(scan.until, now)) {
    return { isWell: false, text: `No gaps at the last scan, ${formatAgo(now - scan.until)}.` };
  }
  return { isWell: true, text: "No gaps." };
}
