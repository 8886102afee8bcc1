import type { Locator, Page } from "playwright-core";
import { z } from "zod";
import { adminPost } from "./admin-post.ts";
import { waitForBackfill } from "./backfilled.ts";
import type { Dashboard } from "./dashboard.ts";

export const HEALTH = "/?view=health";
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** A day in the calendar that no other test reads. */
const GAP_DAYS_AGO = 300;

const run = z.looseObject({ sync_id: z.string(), complete: z.boolean(), started_at: z.string() });
export const statusSchema = z.looseObject({
  now: z.string(),
  alerts: z.array(z.looseObject({ kind: z.string() })),
  sites: z.array(
    z.looseObject({
      watermark: z.string(),
      last_runs: z.array(run),
      errors: z.array(z.looseObject({})),
      gaps: z.looseObject({ open: z.int(), missing_seconds: z.int() }),
    }),
  ),
});
export const statsSchema = z.object({
  database: z.object({ bytes: z.int() }),
  sites: z.array(
    z.looseObject({
      samples_stored_24h: z.int(),
      cold: z.object({ days: z.int(), samples: z.int(), bytes: z.int() }),
    }),
  ),
});
export const qualitySchema = z.looseObject({
  summary: z.looseObject({ mean_score: z.number(), poor: z.int(), judged: z.int(), points: z.int() }),
  points: z.array(z.looseObject({ name: z.string(), score: z.number().nullable(), reasons: z.array(z.string()) })),
});
export const coverageSchema = z.looseObject({
  days: z.array(
    z.looseObject({
      date: z.string(),
      hot: z.object({ hours: z.int() }),
      cold: z.looseObject({ state: z.string(), rows: z.int(), points: z.int() }),
    }),
  ),
});

/** Sends a `GET` to the page's origin. */
export async function answerOf<S extends z.ZodType>(
  dashboard: Dashboard,
  path: string,
  schema: S,
): Promise<z.output<S>> {
  return schema.parse(await (await fetch(`${dashboard.url}${path}`)).json());
}

/** A part of the view, by its heading. */
export function part(page: Page, name: string): Locator {
  return page.getByRole("region", { name, exact: true });
}

/** A figure of a part, by its label. */
export function figure(page: Page, title: string, label: string): Promise<string | null> {
  return part(page, title).locator("dl > div").filter({ hasText: label }).locator("dd").first().textContent();
}

/** Waits until all parts have loaded. */
export async function loaded(page: Page): Promise<void> {
  await page.locator(".verdict").waitFor();
  await page.locator(".year-grid").waitFor();
  await page.locator(".storage-list").waitFor();
  await page.locator(".quality-figures").waitFor();
}

/** Answers a request with the API's answer, changed. */
export async function changed<S extends z.ZodType>(
  page: Page,
  address: RegExp,
  schema: S,
  change: (answer: z.output<S>) => unknown,
): Promise<void> {
  await page.route(address, async (route) => {
    const answer = schema.parse(await (await route.fetch()).json());
    change(answer);
    await route.fulfill({ json: answer });
  });
}

/** Answers a request with a 503. */
export async function refused(page: Page, address: RegExp): Promise<void> {
  const problem = { type: "about:blank", status: 503, code: "database_unavailable", detail: "It rests." };
  await page.route(address, (route) =>
    route.fulfill({ status: 503, contentType: "application/problem+json", json: problem }),
  );
}

async function setFaults(dashboard: Dashboard, rules: readonly unknown[]): Promise<void> {
  await adminPost(dashboard, `${dashboard.simulatorUrl}/_simulator/faults`, { rules });
}

/** Rolls up the last hours, finds gaps, and requests missing samples, like the hourly cron. */
export async function repairGaps(dashboard: Dashboard): Promise<void> {
  const [first, last] = [Date.now() - DAY_MS, Date.now()].map((time) => new Date(time).toISOString().slice(0, 10));
  await adminPost(dashboard, `${dashboard.etlUrl}/rollups/rebuild`, { start_date: first, end_date: last });
  await adminPost(dashboard, `${dashboard.etlUrl}/gaps/repair`, {});
}

/** Fetches a past day while the building's API lacks three hours. @returns their start, epoch ms */
export async function makeGap(dashboard: Dashboard): Promise<number> {
  const day = (Math.floor(Date.now() / DAY_MS) - GAP_DAYS_AGO) * DAY_MS;
  const range = [day + 5 * HOUR_MS, day + 8 * HOUR_MS];
  const date = new Date(day).toISOString().slice(0, 10);
  try {
    await setFaults(dashboard, [{ fault: "missing_hours", ranges: [range] }]);
    await adminPost(dashboard, `${dashboard.url}/backfill/start`, { start_date: date, end_date: date });
    await waitForBackfill(dashboard.url);
    await repairGaps(dashboard);
  } finally {
    await setFaults(dashboard, []);
  }
  return range[0]!;
}
