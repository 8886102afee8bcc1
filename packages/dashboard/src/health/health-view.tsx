import { useAnswer } from "../api/use-answer.ts";
import { formatDay } from "../patterns/calendar.ts";
import type { ViewProps } from "../shell/view.ts";
import { CoverageCard } from "./coverage-card.tsx";
import { coverageStates } from "./coverage-state.ts";
import { GapsCard } from "./gaps-card.tsx";
import { fetchCoverage, fetchQuality, fetchStats, fetchStatus } from "./health-api.ts";
import { QualityCard } from "./quality-card.tsx";
import { StatusCard } from "./status-card.tsx";
import { StorageCard } from "./storage-card.tsx";
import { SyncCard } from "./sync-card.tsx";
import { useClock } from "./use-clock.ts";
import { yearOf } from "./year-weeks.ts";

const EVERY_MS = 30_000;
/** Data that changes hourly and takes many rows to read. */
const SELDOM_MS = 300_000;
const WORST = 10;

/** Sync, stored days, gaps, quality and cost of a site. */
export function HealthView({ site }: ViewProps) {
  const clock = useClock();
  const { first, end } = yearOf(clock);
  const status = useAnswer("status", fetchStatus, EVERY_MS);
  const coverage = useAnswer(
    `${first} ${end}`,
    async (signal) => {
      const asked = await fetchCoverage(site.name, formatDay(first), formatDay(end), signal);
      return { ...asked, year: { first, end } };
    },
    EVERY_MS,
  );
  const quality = useAnswer("quality", (signal) => fetchQuality(site.name, WORST, signal), SELDOM_MS);
  const stats = useAnswer("stats", fetchStats, SELDOM_MS);

  // The server's clock, from its last answer.
  const answer = status.data;
  const now = answer === undefined ? clock : Date.parse(answer.now) + Math.max(0, clock - answer.receivedAt);
  const days = coverageStates(coverage.data?.days ?? [], now);
  const refresh = () => {
    for (const load of [status, coverage, quality, stats]) load.reload();
  };
  const zone = site.timezone;
  return (
    <div class="health">
      <h1 class="visually-hidden">Health of {site.name}</h1>
      <StatusCard
        answer={status}
        days={coverage.data === undefined ? null : days.map(({ state }) => state)}
        zone={zone}
        clock={clock}
        now={now}
        onRefresh={refresh}
      />
      <div class="health-main">
        <CoverageCard site={site.name} answer={coverage} days={days} year={coverage.data?.year ?? { first, end }} />
        <GapsCard site={site.name} zone={zone} status={status} coverage={coverage.data} now={now} />
        <QualityCard site={site.name} answer={quality} />
      </div>
      <div class="health-side">
        {answer === undefined
          ? status.error === undefined && (
              <section class="card health-card sync-waiting" aria-busy="true" aria-label="Sync">
                <div class="progress" />
                <h2>Sync</h2>
              </section>
            )
          : answer.sites.map((synced) => (
              <SyncCard key={synced.name} site={synced} zone={zone} now={now} onChanged={status.reload} />
            ))}
        <StorageCard site={site.name} zone={zone} answer={stats} now={now} />
      </div>
    </div>
  );
}
