import type { BackfillSiteJob } from "./backfill-api.ts";
import { dateText, formatRunning } from "./format-backfill.ts";
import { ProgressBar } from "./progress-bar.tsx";

/** The part of each site in a backfill. */
export function SiteRows({ sites }: { readonly sites: readonly BackfillSiteJob[] }) {
  return (
    <table class="site-rows">
      <thead>
        <tr>
          <th scope="col">Site</th>
          <th scope="col">Days</th>
          <th scope="col" class="end">
            Failed
          </th>
          <th scope="col" class="end">
            Samples
          </th>
          <th scope="col" class="end">
            At
          </th>
        </tr>
      </thead>
      <tbody>
        {sites.map((site) => (
          <tr key={site.site}>
            <th scope="row">
              {site.site}
              {site.stalled && <span class="stalled"> stands still</span>}
            </th>
            <td class="site-days">
              <ProgressBar
                label={`Days of ${site.site}`}
                unit="days"
                total={site.days_total}
                completed={site.days_completed}
                bad={site.days_failed + site.days_suspect}
              />
              <span class="number">
                {site.days_completed} / {site.days_total}
              </span>
            </td>
            <td class={site.days_failed + site.days_suspect > 0 ? "end number bad-text" : "end number"}>
              {site.days_failed + site.days_suspect}
            </td>
            <td class="end number">{site.records_processed.toLocaleString("en")}</td>
            <td class="end number">
              {site.current_date === null ? "done" : dateText(site.current_date)}
              {site.running_day !== null && <div class="quiet">{formatRunning([site.running_day])}</div>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
