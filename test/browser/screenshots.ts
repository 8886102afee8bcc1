import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import { chromium, type Page } from "playwright-core";
import { deploy, syncToThePresent } from "../e2e/deployment.ts";
import { waitForBackfill } from "./backfilled.ts";
import { CHROMIUM_FLAGS, findChromium } from "./chromium.ts";

const FOLDER = fileURLToPath(new URL("../../docs/images", import.meta.url));
const MAX_BYTES = 200_000;
const SITE = "ses_falls_city";
const TIMEZONE = "America/Chicago";
const DAY_MS = 86_400_000;
const PAST_DAYS = 9;
const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };

interface Screenshot {
  readonly name: string;
  readonly path: string;
  readonly viewport: typeof WIDE;
  readonly theme: "light" | "dark";
  /** brings the page to the state to capture */
  readonly act?: (page: Page) => Promise<void>;
}

async function pointAt(page: Page): Promise<void> {
  const box = (await page.locator(".chart-plot .u-over").first().boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.62, box.y + box.height / 2);
}

async function pointAtHour(page: Page): Promise<void> {
  const box = (await page.locator(".heat-canvases").boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.9, box.y + box.height * 0.45);
}

async function planAll(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Plan" }).click();
  const token = page.getByRole("textbox", { name: "Token" });
  await token.fill(deployment.adminToken);
  await token.press("Enter");
  await page.getByRole("status", { name: "Plan" }).waitFor();
}

/** Backfills a month of days and scans it for gaps, like the hourly cron. */
async function fillCalendar(page: Page): Promise<void> {
  await deployment.post("backfill", "/backfill/start", { start_date: dayBefore(40), end_date: dayBefore(PAST_DAYS) });
  await waitForBackfill(deployment.urls.backfill);
  await deployment.post("etl", "/rollups/rebuild", { start_date: dayBefore(1), end_date: dayBefore(0) });
  await deployment.post("etl", "/gaps/repair", {});
  await page.getByRole("button", { name: "Check now" }).click();
  await page.getByText("No gaps.").waitFor();
  await page.locator(`[data-date="${dayBefore(2)}"]`).hover();
}

const WEEK = "/?last=7d&point=ses/ses_falls_city/8000:1-3001/analogInput/102";

const SCREENSHOTS: readonly Screenshot[] = [
  { name: "explore", path: "/", viewport: WIDE, theme: "light", act: pointAt },
  {
    name: "explore-dark",
    path: `${WEEK}&weather=weather.temperature`,
    viewport: WIDE,
    theme: "dark",
    act: pointAt,
  },
  {
    name: "explore-search",
    path: "/",
    viewport: WIDE,
    theme: "light",
    act: async (page) => {
      await page.keyboard.press("/");
      await page.keyboard.type("room");
      await page.getByRole("listbox", { name: "Points" }).getByRole("option").first().waitFor();
      await page.waitForTimeout(300);
    },
  },
  { name: "patterns", path: "/?view=patterns", viewport: WIDE, theme: "light", act: pointAtHour },
  { name: "patterns-phone-dark", path: "/?view=patterns", viewport: NARROW, theme: "dark" },
  { name: "health", path: "/?view=health", viewport: WIDE, theme: "light", act: fillCalendar },
  { name: "health-phone-dark", path: "/?view=health", viewport: NARROW, theme: "dark" },
  { name: "backfill", path: "/?view=backfill", viewport: WIDE, theme: "light", act: planAll },
  { name: "backfill-phone", path: "/?view=backfill", viewport: NARROW, theme: "light" },
  { name: "explore-phone", path: "/", viewport: NARROW, theme: "light" },
  { name: "explore-phone-dark", path: WEEK, viewport: NARROW, theme: "dark" },
];

// `npm run screenshots [-- name …]`: starts the system with the simulator and writes docs/images.
const executablePath = findChromium(process.env);
if (executablePath === null) throw new Error("There is no Chromium: install it, or set CHROMIUM_PATH.");
const wanted = process.argv.slice(2);
const deployment = await deploy(createBuilding({ seed: 1, site: SITE, timezone: TIMEZONE, points: 80 }), {
  SITES: JSON.stringify([{ name: SITE, timezone: TIMEZONE }]),
  REQUESTS_PER_MINUTE: "60000",
});
await syncToThePresent(deployment);
const dayBefore = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
await deployment.post("backfill", "/backfill/start", { start_date: dayBefore(PAST_DAYS), end_date: dayBefore(1) });
await waitForBackfill(deployment.urls.backfill);
const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
await mkdir(FOLDER, { recursive: true });
for (const { name, path, viewport, theme, act } of SCREENSHOTS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const isPhone = viewport.width < 600;
  const page = await browser.newPage({ viewport, colorScheme: theme, isMobile: isPhone, hasTouch: isPhone });
  await page.goto(`${deployment.urls.query}${path}`);
  await page.waitForLoadState("networkidle");
  await act?.(page);
  const file = join(FOLDER, `${name}.png`);
  await page.screenshot({ path: file, animations: "disabled" });
  const { size } = await stat(file);
  if (size > MAX_BYTES) throw new Error(`${file} has ${size} bytes, more than ${MAX_BYTES}`);
  console.log(`${file} ${(size / 1000).toFixed(0)} KB`);
  await page.close();
}
await browser.close();
await deployment.close();
