import { createBuilding } from "@building-vitals/ace-simulator/building";
import { DAY_MS, dayOf, dayText } from "@building-vitals/core/domain/day";
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { deploy, syncToThePresent } from "../e2e/deployment.ts";
import { CHROMIUM_FLAGS, findChromium } from "./chromium.ts";
import { waitForBackfill } from "./backfilled.ts";

const SITE = "ses_falls_city";
const TIMEZONE = "America/Chicago";
/** Days before today that are in R2. */
const PAST_DAYS = 5;
/** A thermometer that no test charts. */
const RETURN_AIR = `ses/${SITE}/8000:1-5001/analogInput/103`;

export interface DashboardUnderTest {
  /** address of the page, without a slash at the end */
  readonly url: string;
  readonly adminToken: string;
  /** address of the etl Worker, for what the page has no button for */
  readonly etlUrl: string;
  /** address of the simulated API, for faults */
  readonly simulatorUrl: string;
  readonly site: string;
  readonly timezone: string;
  /** of the browser that the tests share */
  readonly wsEndpoint: string;
  /** the UTC day on which it got its samples, whole days since 1970-01-01 */
  readonly filledOn: number;
}

declare module "vitest" {
  interface ProvidedContext {
    /** null: this machine has no Chromium */
    dashboard: DashboardUnderTest | null;
  }
}

/** One system and one browser for all browser tests: a building of 60 points, a day of it in D1 and five in R2. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const executablePath = findChromium(process.env);
  if (executablePath === null) {
    if (process.env["CI"]) throw new Error("The browser tests need Chromium: install it, or set CHROMIUM_PATH.");
    project.provide("dashboard", null);
    return undefined;
  }
  const today = dayOf(Date.now());
  const deployment = await deploy(createBuilding({ seed: 1, site: SITE, timezone: TIMEZONE, points: 60 }), {
    SITES: JSON.stringify([{ name: SITE, timezone: TIMEZONE }]),
    REQUESTS_PER_MINUTE: "60000",
  });
  await syncToThePresent(deployment);
  const dayBefore = (days: number) => dayText(today - days);
  await deployment.post("backfill", "/backfill/start", { start_date: dayBefore(PAST_DAYS), end_date: dayBefore(1) });
  await waitForBackfill(deployment.urls.backfill);
  // An impossible value, so that there is a point to look at in any week.
  const day = dayBefore(2);
  const points = [{ name: RETURN_AIR, samples: [[Date.parse(day) + DAY_MS / 2 + 1, 999]] }];
  await deployment.post("etl", "/import", { site: SITE, day, points });
  await deployment.settle(day);
  const server = await chromium.launchServer({ executablePath, headless: true, args: CHROMIUM_FLAGS });
  project.provide("dashboard", {
    url: deployment.urls.query,
    adminToken: deployment.adminToken,
    etlUrl: deployment.urls.etl,
    simulatorUrl: deployment.simulatorUrl,
    site: SITE,
    timezone: TIMEZONE,
    wsEndpoint: server.wsEndpoint(),
    filledOn: today,
  });
  return async () => {
    await server.close();
    await deployment.close();
  };
}
