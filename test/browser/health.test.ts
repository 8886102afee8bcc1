import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { giveToken } from "./backfill-page.ts";
import { allAskedIsSeen, describeInBrowser, NARROW, seriousViolations } from "./dashboard.ts";
import {
  answerOf,
  changed,
  coverageSchema,
  HEALTH,
  loaded,
  makeGap,
  part,
  qualitySchema,
  refused,
  repairGaps,
  statsSchema,
  statusSchema,
} from "./health-page.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const dateOf = (time: number) => new Date(time).toISOString().slice(0, 10);
const figure = (page: Page, title: string, label: string) =>
  part(page, title).locator("dl > div").filter({ hasText: label }).locator("dd").first().textContent();
/** `650 kB` as 650,000. */
const bytesOf = (text: string | null) => {
  const [, value, unit] = /^([\d.]+) (kB|MB)/.exec(text ?? "") ?? [];
  return Number(value) * (unit === "kB" ? 1e3 : 1e6);
};
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");

describeInBrowser("Health", (dashboard) => {
  const clockOf = (time: number) =>
    new Intl.DateTimeFormat("en-US", {
      timeZone: dashboard.timezone,
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }).format(time);

  it("tells what the API tells: the sync, what is stored, and the worst points", async () => {
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

    const { archive, samples_stored_24h: stored } = stats.sites[0]!;
    expect(await figure(page, "Storage", "Samples archived")).toBe(archive.samples.toLocaleString("en"));
    expect(await figure(page, "Storage", "Stored in 24 h")).toBe(`${stored.toLocaleString("en")} samples`);
    expect(bytesOf(await figure(page, "Storage", "Archive (R2)")) / archive.bytes).toBeCloseTo(1, 2);
    expect(bytesOf(await figure(page, "Storage", "Recent store (D1)")) / stats.database.bytes).toBeCloseTo(1, 2);
    expect(await figure(page, "Storage", "Cost a month")).toBe("$0");

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

  it("shows each day's state, by keys and pointer, and opens the day in Explore", async () => {
    const page = await dashboard.open(HEALTH);
    await loaded(page);
    const days = page.locator(".year-grid button");
    const dates = await days.evaluateAll((cells) => cells.map((cell) => cell.getAttribute("data-date")!));
    const first = dates.sort()[0]!;
    const path = `/sites/${dashboard.site}/coverage?start=${first}&end=${dateOf(Date.now() + DAY_MS)}`;
    const known = (await answerOf(dashboard, path, coverageSchema)).days;
    expect(dates).toEqual(known.map(({ date }) => date));
    const written = known.filter(({ cold }) => cold.state === "written");
    const hot = known.filter(({ cold, hot: { hours } }) => cold.state === "missing" && hours > 0);
    expect([written.length, hot.length]).toEqual([
      await page.locator(".year-grid .written").count(),
      await page.locator(".year-grid .hot").count(),
    ]);

    const { date, cold } = written.at(-1)!;
    await page.locator(`[data-date="${date}"]`).hover();
    const tip = page.locator(".day-tip");
    await tip.waitFor();
    expect(await tip.textContent()).toContain(`${cold.rows.toLocaleString("en")} samples of ${cold.points} points`);

    await page.locator(`[data-date="${known.at(-1)!.date}"]`).focus();
    await page.keyboard.press("ArrowUp");
    expect(await focused(page)).toContain(`Archived, ${cold.rows.toLocaleString("en")} samples`);
    await page.keyboard.press("ArrowLeft");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-date"))).toBe(
      dateOf(Date.parse(date) - 7 * DAY_MS),
    );
    await page.keyboard.press("Home");
    expect(await focused(page)).toContain("Nothing yet");
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForURL(/view=explore/);
    const params = new URL(page.url()).searchParams;
    expect([params.get("from"), params.get("to")]).toEqual(
      [date, dateOf(Date.parse(date) + DAY_MS)].map((day) => `${day}T00:00Z`),
    );
    await page.goBack();
    await loaded(page);
  });

  it("shows an open gap until the API has given what was missing", async () => {
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
    expect(await row.textContent()).toMatch(/^The whole site\w{3} \d+.*3 h( \d min)?not known yet$/);
    await card.getByRole("button", { name: "Name the points" }).click();
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
    // In the first hour of a UTC day a new site's last day has not been looked at.
    await card.getByText(/None\. Samples are where|Not looked for yet\./).waitFor();
    expect(await page.locator(".verdict").textContent()).not.toMatch(words);
  });

  it("puts what is wrong first: alerts, errors in words, days and points that need a look", async () => {
    const page = await dashboard.open(HEALTH, {
      before: async (fresh) => {
        await changed(fresh, /\/etl\/status/, statusSchema, (answer) => {
          const since = new Date(Date.now() - 2 * HOUR_MS).toISOString();
          answer.alerts.push({ kind: "token_expiry", site: null, since, detail: "the API key expires soon" });
          const site = answer.sites[0]!;
          site.last_runs[0]!.complete = false;
          const error = { at: since, stage: "timeseries", code: "timeout", message: "no answer within 20 s" };
          site.errors.push({ sync_id: "a", ...error }, { sync_id: "b", ...error });
        });
        await changed(fresh, /\/coverage/, coverageSchema, (answer) => {
          answer.days.at(-2)!.cold.state = "suspect";
        });
        await changed(fresh, /\/quality/, qualitySchema, (answer) => {
          const stuck = { score: 0.25, reasons: ["stuck: no change at all for 126 h"] };
          for (const point of answer.points) point.score = 0.9;
          Object.assign(answer.points[0]!, stuck);
          answer.summary.poor = 1;
        });
      },
    });
    await loaded(page);
    const verdict = page.locator(".verdict");
    expect(await verdict.getByRole("heading").textContent()).toBe("The key of the building's API expires");
    expect(await verdict.textContent()).toMatch(/The last sync was not complete.*1 day with a suspect file/);
    expect(await page.getByRole("list", { name: "Active alerts" }).textContent()).toMatch(
      /The API key expires soon\s*since .*, (2 h|1 h 59 min) ago/,
    );
    expect(await page.getByRole("list", { name: /^Last errors/ }).textContent()).toMatch(
      /The building's API did not answer in time, asking for samples \(2 times\)no answer within 20 s/,
    );
    expect(await page.locator(".run-strip .incomplete").count()).toBe(1);
    const poor = page.locator(".worst-points li").first();
    expect(await poor.textContent()).toMatch(/25\.0%stuck: no change at all for 126 h$/);
    expect(await figure(page, "Data quality", "Poor points")).toBe("1");
    await page.getByRole("button", { name: "Show 5 more" }).click();
    expect(await page.locator(".worst-points li").count()).toBe(10);
    await page.getByRole("button", { name: /: Suspect, / }).waitFor();
    expect(await seriousViolations(page)).toEqual([]);
  });

  it("says that all is well only once gaps have been looked for", async () => {
    let look: object | null = null;
    const page = await dashboard.open(HEALTH, {
      before: async (fresh) => {
        await changed(fresh, /\/etl\/status/, statusSchema, (answer) => {
          answer.alerts.length = 0;
          const well = { watermark: answer.now, last_runs: [], gaps: { open: 0, missing_seconds: 0, largest: [] } };
          Object.assign(answer.sites[0]!, { ...well, coverage_24h: look });
        });
        // The day of another test has nothing behind it.
        await changed(fresh, /\/coverage/, coverageSchema, ({ days }) => days.splice(0, days.length - 5));
      },
    });
    await loaded(page);
    const headline = page.locator(".verdict h2");
    expect(await headline.textContent()).toBe("Well, as far as it is known: gaps have not been looked for yet");
    expect(await page.locator(".status-card.good, .health-none.well").count()).toBe(0);
    look = { until: new Date().toISOString(), fraction: 1, unjudged_points: 0 };
    await page.getByRole("button", { name: "Check now" }).click();
    await headline.getByText("All is well", { exact: true }).waitFor();
    await part(page, "Open gaps").getByText("None. Samples are where", { exact: false }).waitFor();
  });

  it("keeps the rest when a part fails, and tries again", async () => {
    dashboard.expectConsoleErrors(/503/);
    const page = await dashboard.open(HEALTH, { before: (fresh) => refused(fresh, /\/etl\/status/) });
    const status = page.getByRole("region", { name: "Status" });
    await status.getByText("The sync's status could not be loaded. It rests.").waitFor();
    await page.locator(".year-grid").waitFor();
    await page.locator(".storage-list").waitFor();
    await page.locator(".worst-points").waitFor();
    await page.unroute(/\/etl\/status/);
    await status.getByRole("button", { name: "Try again" }).click();
    await loaded(page);

    // What was known stays, and does not say any more that all is well.
    for (const address of [/\/etl\//, /\/coverage/, /\/quality/]) await refused(page, address);
    await page.getByRole("button", { name: "Check now" }).click();
    await expect.poll(() => page.getByRole("alert").count()).toBe(5);
    expect(await status.getByRole("heading").textContent()).toMatch(/^As it was (just now|\d+ s ago): /);
    await loaded(page);
  });

  it("works with an API that takes a second and a half: the calendar stays where it is", async () => {
    const page = await dashboard.open(HEALTH, {
      before: (fresh) =>
        fresh.route(/\/(etl|sites\/.+)\//, async (route) => {
          await new Promise((resolve) => setTimeout(resolve, 1500));
          await route.continue().catch(() => {});
        }),
    });
    await page.getByText("Asking how all is…").waitFor();
    const before = (await part(page, "Coverage").boundingBox())!;
    await loaded(page);
    const after = (await part(page, "Coverage").boundingBox())!;
    expect([after.x, after.width]).toEqual([before.x, before.width]);
    expect(Math.abs(after.y - before.y)).toBeLessThan(24);
  });

  it("asks again every half minute, but not while nobody sees it", async () => {
    let asked = 0;
    const page = await dashboard.open(HEALTH, {
      before: async (fresh) => {
        await fresh.clock.install();
        fresh.on("request", (request) => (asked += request.url().endsWith("/etl/status") ? 1 : 0));
      },
    });
    await loaded(page);
    expect(asked).toBe(1);
    await page.clock.runFor(31_000);
    await expect.poll(() => asked).toBe(2);
    await page.waitForLoadState("networkidle");
    await page.evaluate(() =>
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" }),
    );
    await page.clock.runFor(120_000);
    await allAskedIsSeen(page);
    expect(asked).toBe(2);
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

  it("tells a finger what a day is before it opens it; the newest days are seen first", async () => {
    const page = await dashboard.open(HEALTH, { viewport: NARROW });
    await loaded(page);
    const yesterday = dateOf(Date.now() - DAY_MS);
    await page.locator(`[data-date="${yesterday}"]`).tap();
    await page.getByText(/Archived [\d,]+ samples of \d+ points/).waitFor();
    const box = (await page.locator(`[data-date="${yesterday}"]`).boundingBox())!;
    expect(box.x).toBeGreaterThan(0);
    expect(box.x + box.width).toBeLessThan(NARROW.width);
    await page.getByRole("button", { name: "Open this day" }).click();
    await page.waitForURL(/view=explore.*from=/);
  });
});
