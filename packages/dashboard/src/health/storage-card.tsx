import type { Answer } from "../api/use-answer.ts";
import { bytesText, formatCount, moneyText } from "../backfill/format-backfill.ts";
import type { Stats } from "./health-api.ts";
import { HealthCard } from "./health-card.tsx";
import { formatTimeOfDay } from "./format-health.ts";
import { D1_STORAGE, storageCost } from "./storage-cost.ts";

/** Share of the database's limit. */
const NEARLY_FULL = 0.8;

interface StorageCardProps {
  readonly site: string;
  readonly zone: string;
  readonly answer: Answer<Stats>;
  readonly now: number;
}

/** The stored data and its cost. */
export function StorageCard({ site, zone, answer, now }: StorageCardProps) {
  const { data } = answer;
  const isMany = (data?.sites.length ?? 1) > 1;
  const isPart = (data?.unknown_sites.length ?? 0) > 0;
  return (
    <HealthCard
      id="storage"
      title="Storage"
      note={isMany || isPart ? `Of ${isPart ? "" : "all "}${formatCount(data!.sites.length, "site")}` : `Of ${site}`}
      part="The stored data"
      answer={answer}
    >
      {({ database, hours, sites, unknown_sites: lost }) => {
        const sum = (valueOf: (stored: Stats["sites"][number]) => number) =>
          sites.reduce((all, stored) => all + valueOf(stored), 0);
        const [days, samples, bytes] = [
          sum(({ cold }) => cold.days),
          sum(({ cold }) => cold.samples),
          sum(({ cold }) => cold.bytes),
        ];
        const [monthFiles, monthBytes] = [sum(({ months }) => months.files), sum(({ months }) => months.bytes)];
        const archived = bytes + monthBytes;
        const most = D1_STORAGE.mostGb * 1e9;
        const share = database.bytes / most;
        const cost = storageCost({ d1: database.bytes, r2: archived });
        return (
          <dl class="storage-list">
            <div>
              <dt>Recent store (D1)</dt>
              <dd class="number">
                {bytesText(database.bytes)} <span class="quiet">of {bytesText(most)}</span>
              </dd>
              <dd class="meter-line">
                <span
                  class={share > NEARLY_FULL ? "meter full" : "meter"}
                  role="meter"
                  aria-label="Of the database's limit"
                  aria-valuemin={0}
                  aria-valuemax={100}
                  aria-valuenow={Math.min(100, Math.round(share * 100))}
                >
                  <i style={{ width: `${Math.min(1, share) * 100}%` }} />
                </span>
              </dd>
              {hours.oldest !== null && (
                <dd class="quiet number">since {formatTimeOfDay(zone, Date.parse(hours.oldest), now)}</dd>
              )}
            </div>
            <Line
              label="Archive (R2)"
              value={bytesText(archived)}
              note={[
                formatCount(days, "day file"),
                ...(monthFiles === 0 ? [] : [`${formatCount(monthFiles, "month file")} of the same samples`]),
              ].join(", ")}
            />
            <Line
              label="Samples archived"
              value={samples.toLocaleString("en")}
              note={samples === 0 ? null : `${(bytes / samples).toFixed(2)} bytes each`}
            />
            <Line
              label="Stored in 24 h"
              value={formatCount(
                sum((one) => one.samples_stored_24h),
                "sample",
              )}
              note={`${formatCount(
                sum(({ points }) => points.configured),
                "point",
              )} collected`}
            />
            <Line label="Cost per month" value={moneyText(cost.total)} note="storage only; requests are extra" />
            {lost.length > 0 && (
              <Line label="Not counted" value={lost.join(", ")} note="the database does not answer" />
            )}
          </dl>
        );
      }}
    </HealthCard>
  );
}

interface LineProps {
  readonly label: string;
  readonly value: string;
  readonly note: string | null;
}

function Line({ label, value, note }: LineProps) {
  return (
    <div>
      <dt>{label}</dt>
      <dd class="number">{value}</dd>
      {note !== null && <dd class="quiet number">{note}</dd>}
    </div>
  );
}
