import type { Page } from "playwright-core";

const DAY_MS = 86_400_000;

/** `YYYY-MM-DD` of the UTC day that many days ago. */
export function daysAgo(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
}

/** The form's address with two dates. */
export function backfillAt(from: number, to: number): string {
  return `/?view=backfill&from=${daysAgo(from)}&to=${daysAgo(to)}`;
}

/** Enters the token that the page asks for. */
export async function giveToken(page: Page, token: string): Promise<void> {
  const field = page.getByRole("textbox", { name: "Token" });
  await field.fill(token);
  await field.press("Enter");
}

/** Waits for a state of the backfill: `Running`, `Completed`, … */
export async function seesStatus(page: Page, word: string): Promise<void> {
  // A backfill of two days takes longer than the page's default timeout.
  await page.locator(".chip").getByText(word, { exact: true }).waitFor({ timeout: 120_000 });
}

const work = {
  days_completed: 29,
  days_total: 90,
  days_failed: 3,
  days_empty: 2,
  days_skipped: 8,
  days_suspect: 0,
  progress_percent: "43.89",
  records_processed: 1_228_000,
  records_rejected: { unconfigured: 1200 },
  api_calls: 1940,
  retries: 8,
  stalled: false,
};

/** `GET /backfill/status` of a running backfill: 90 days of two sites, before `now`. */
export function runningStatus(now: number, stalled: boolean): unknown {
  const running = { date: daysAgo(48), hours_done: 9, hours_total: 24, requests: 10, samples: 7_200 };
  const site = { current_date: daysAgo(48), ...work, days_completed: 49, days_failed: 2, running_day: running };
  return {
    status: "in_progress",
    backfill_id: "backfill_1_aaaaaa",
    start_date: daysAgo(90),
    end_date: daysAgo(1),
    current_date: daysAgo(48),
    started_at: new Date(now - 3_120_000).toISOString(),
    last_updated: new Date(now).toISOString(),
    estimated_completion: new Date(now + 64 * 60_000 + 20_000).toISOString(),
    rate: { days_per_hour: 78.4, requests_per_minute: 48.5 },
    reason: null,
    ...work,
    site_days_completed: 79,
    site_days_total: 180,
    stalled,
    queue: [
      {
        backfill_id: "backfill_2_bbbbbb",
        position: 1,
        start_date: daysAgo(400),
        end_date: daysAgo(396),
        sites: ["ses_falls_city"],
        force_restart: true,
        queued_at: new Date(now).toISOString(),
      },
    ],
    sites: [
      { site: "ses_falls_city", ...site },
      { site: "ses_newport_news", ...site, days_completed: 30, days_failed: 1, stalled },
    ],
  };
}
