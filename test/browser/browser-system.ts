import { createBuilding } from "@building-vitals/ace-simulator/building";
import { DAY_MS, dayOf, dayText } from "@building-vitals/core/domain/day";
import { deploy, syncToThePresent } from "../e2e/deployment.ts";
import { waitForBackfill } from "./backfilled.ts";

const SITE = "ses_falls_city";
const TIMEZONE = "America/Chicago";
/** A thermometer that no test charts. */
const RETURN_AIR = `ses/${SITE}/8000:1-5001/analogInput/103`;

/** The system that a file of browser tests drives. */
export interface BrowserSystem {
  /** the page's address, without a slash at the end */
  readonly url: string;
  readonly adminToken: string;
  /** the etl Worker's address, for actions without a button in the page */
  readonly etlUrl: string;
  /** the simulated API's address, for faults */
  readonly simulatorUrl: string;
  readonly site: string;
  readonly timezone: string;
  /** the UTC day of its first samples, whole days since 1970-01-01 */
  readonly filledOn: number;
}

export interface StartedSystem {
  readonly system: BrowserSystem;
  close(): Promise<void>;
}

export interface Building {
  readonly points: number;
  /** Days before today in R2: 0, or at least 2. If not 0, the day before yesterday holds an impossible value. */
  readonly pastDays: number;
}

/** Starts a building with the last 24 hours in D1. */
export async function startBrowserSystem({ points, pastDays }: Building): Promise<StartedSystem> {
  const today = dayOf(Date.now());
  const deployment = await deploy(createBuilding({ seed: 1, site: SITE, timezone: TIMEZONE, points }), {
    SITES: JSON.stringify([{ name: SITE, timezone: TIMEZONE }]),
    REQUESTS_PER_MINUTE: "60000",
  });
  await syncToThePresent(deployment);
  const dayBefore = (days: number) => dayText(today - days);
  if (pastDays > 0) {
    await deployment.post("backfill", "/backfill/start", { start_date: dayBefore(pastDays), end_date: dayBefore(1) });
    await waitForBackfill(deployment.urls.backfill);
    // The impossible value lowers the quality of a point in every week.
    const day = dayBefore(2);
    const impossible = [{ name: RETURN_AIR, samples: [[Date.parse(day) + DAY_MS / 2 + 1, 999]] }];
    await deployment.post("etl", "/import", { site: SITE, day, points: impossible });
    await deployment.settle(day);
  }
  const system = {
    url: deployment.urls.query,
    adminToken: deployment.adminToken,
    etlUrl: deployment.urls.etl,
    simulatorUrl: deployment.simulatorUrl,
    site: SITE,
    timezone: TIMEZONE,
    filledOn: today,
  };
  return { system, close: () => deployment.close() };
}
