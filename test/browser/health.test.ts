import { expect, it } from "vitest";
import { giveToken } from "./backfill-page.ts";
import { describeWithOwnSystem, NARROW, seriousViolations } from "./dashboard.ts";
import {
  answerOf,
  figure,
  HEALTH,
  loaded,
  makeGap,
  part,
  qualitySchema,
  repairGaps,
  statsSchema,
  statusSchema,
} from "./health-page.ts";

const HOUR_MS = 3_600_000;

/** `650 kB` as 650,000. */
const bytesOf = (text: string | null) => {
  const [, value, unit] = /^([\d.]+) (kB|MB)/.exec(text ?? "") ?? [];
  return Number(value) * (unit === "kB" ? 1e3 : 1e6);
};

describeWithOwnSystem("Health", { points: 60, pastDays: 2 }, (dashboard) => {
  const clockOf = (time: number) =>
    new Intl.DateTimeFormat("en-US", {
      timeZone: dashboard.timezone,
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }).format(time);

  it("shows the API's figures of sync, storage and the worst points", async () => {
    const page = await dashboard.open(HEALTH);
    await loaded(page);
    const [status, stats, quality] = await Promise.all([
      answerOf(dashboard, "/etl/status", statusSchema),
      answerOf(dashboard, "/etl/stats", statsSchema),
      answerOf(dashboard, `/sites/${dashboard.site}/quality?limit=10`, qualitySchema),
    ]);
    const sync = await part(page, "Sync").textContent();
    const site = status.sites[0]!;
    expect(sync).toContain(`complete up to ${clockOf(Date.parse(site.watermark))} C`);
    expect(await page.locator(".run-strip li:not(.none)").count()).toBe(site.last_runs.length);
    expect(sync).toMatch(/No errors in the last (run|\d+ runs)/);

    const { cold, samples_stored_24h: stored } = stats.sites[0]!;
    expect(await figure(page, "Storage", "Samples archived")).toBe(cold.samples.toLocaleString("en"));
    expect(await figure(page, "Storage", "Stored in 24 h")).toBe(`${stored.toLocaleString("en")} samples`);
    expect(bytesOf(await figure(page, "Storage", "Archive (R2)")) / cold.bytes).toBeCloseTo(1, 2);
    expect(bytesOf(await figure(page, "Storage", "Recent store (D1)")) / stats.database.bytes).toBeCloseTo(1, 2);
    expect(await figure(page, "Storage", "Cost per month")).toBe("$0");

    const rows = page.locator(".worst-points li");
    const worst = quality.points.filter(({ score }) => score !== null && score < 1).slice(0, 5);
    expect(worst.length).toBeGreaterThan(0);
    expect(await rows.locator(".worst-name p").allTextContents()).toEqual(worst.map(({ name }) => name));
    expect(await rows.locator(".score .number").allTextContents()).toEqual(
      worst.map(({ score }) => `${(Math.floor(score! * 1000 + 1e-6) / 10).toFixed(1)}%`),
    );
    expect(await rows.locator(".worst-why").allTextContents()).toEqual(worst.map(({ reasons }) => reasons.join("; ")));

    await rows.first().getByRole("link").click();
    await page.waitForURL(/view=explore/);
    expect(new URL(page.url()).searchParams.get("point")).toBe(worst[0]!.name);
  });

  it("pauses the sync of a site, says so, and resumes it", async () => {
    dashboard.expectConsoleErrors(/401/);
    const page = await dashboard.open(HEALTH);
    await loaded(page);
    const card = part(page, "Sync");
    await card.getByRole("button", { name: `Pause the sync of ${dashboard.site}` }).click();
    await giveToken(page, dashboard.adminToken);
    await card.getByText(/^Paused since .+, by ADMIN_TOKEN$/).waitFor();
    await page.getByRole("heading", { name: "The sync is paused" }).waitFor();
    const site = async () => (await answerOf(dashboard, "/etl/status", statusSchema)).sites[0]!;
    expect((await site())["paused"]).toMatchObject({ by: "ADMIN_TOKEN" });
    await card.getByRole("button", { name: `Resume the sync of ${dashboard.site}` }).click();
    await card.getByText(/^Paused since/).waitFor({ state: "detached" });
    expect((await site())["paused"]).toBeNull();
  });

  it("shows an open gap until the API has given the missing samples", async () => {
    dashboard.expectConsoleErrors(/401/);
    const start = await makeGap(dashboard);
    const page = await dashboard.open(HEALTH);
    await loaded(page);
    const { gaps } = (await answerOf(dashboard, "/etl/status", statusSchema)).sites[0]!;
    expect(gaps.open).toBe(1);
    const words = /1 open gap, 3 h/i;
    expect(await page.locator(".verdict").textContent()).toMatch(words);
    const card = part(page, "Open gaps");
    const row = card.getByRole("row").nth(1);
    expect(await row.textContent()).toMatch(
      /^The whole site\w{3} \d+.*3 h( \d min)?the building's API has no samples so far$/,
    );
    await card.getByRole("button", { name: "Show the point names" }).click();
    await giveToken(page, dashboard.adminToken);
    await card.getByRole("cell", { name: /^once, next in \d+ min$/ }).waitFor();

    await row.getByRole("link", { name: "The whole site" }).click();
    await page.waitForURL(/view=explore/);
    const params = new URL(page.url()).searchParams;
    expect(Date.parse(params.get("from")!)).toBeLessThan(start);
    expect(Date.parse(params.get("to")!)).toBeGreaterThan(start + 3 * HOUR_MS);
    await page.goBack();
    await loaded(page);

    await repairGaps(dashboard);
    await page.getByRole("button", { name: "Check now" }).click();
    await expect.poll(() => card.getByRole("row").count()).toBe(0);
    // In the first hour of a UTC day, a new site's last day has not been scanned.
    await card.getByText(/^No gaps\.|^Gap detection has not run yet\./).waitFor();
    expect(await page.locator(".verdict").textContent()).not.toMatch(words);
  });

  it("is accessible in both themes, wide and narrow", async () => {
    for (const options of [{ theme: "light" }, { theme: "dark", viewport: NARROW }] as const) {
      const page = await dashboard.open(HEALTH, options);
      await loaded(page);
      expect(await seriousViolations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(
        "viewport" in options ? NARROW.width : 1440,
      );
    }
  });
});
