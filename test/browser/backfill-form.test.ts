import { expect, it } from "vitest";
import { z } from "zod";
import { backfillAt, daysAgo, giveToken, runningStatus } from "./backfill-page.ts";
import { allAskedIsSeen, describeInBrowser, NARROW, seriousViolations } from "./dashboard.ts";

const problem = (status: number, code: string, detail: string, field?: string) => ({
  status,
  contentType: "application/problem+json",
  body: JSON.stringify({ type: "about:blank", title: code, status, code, detail, field }),
});

const daysSchema = z.looseObject({ sites: z.array(z.looseObject({ days: z.array(z.looseObject({})) })) });

describeInBrowser("Backfill's form and progress", (dashboard) => {
  it("proposes 30 days, keeps dates in the address, and names date errors", async () => {
    const page = await dashboard.open("/?view=backfill");
    const [first, last] = [page.getByLabel("First day"), page.getByLabel("Last day")];
    expect([await first.inputValue(), await last.inputValue()]).toEqual([daysAgo(30), daysAgo(1)]);
    await page.getByRole("button", { name: "Last 7 days" }).click();
    expect(await first.inputValue()).toBe(daysAgo(7));
    expect(new URL(page.url()).searchParams.get("from")).toBe(daysAgo(7));
    await last.fill(daysAgo(9));
    await page.getByText("The first day is after the last one.").waitFor();
    expect(await first.getAttribute("aria-invalid")).toBe("true");
    await last.fill(daysAgo(0));
    await page.getByText("That day has not ended", { exact: false }).waitFor();
    expect(await page.getByRole("button", { name: "Plan" }).isDisabled()).toBe(true);
    await page.goto(`${dashboard.url}${backfillAt(12, 11)}`);
    expect([await first.inputValue(), await last.inputValue()]).toEqual([daysAgo(12), daysAgo(11)]);
  });

  it("shows the API's refusal beside its field; force repeats finished days", async () => {
    dashboard.expectConsoleErrors(/400|401/);
    let isRefused = true;
    const bodies: unknown[] = [];
    const page = await dashboard.open(backfillAt(5, 1), {
      before: (fresh) =>
        fresh.route(/\/backfill\/plan/, async (route) => {
          bodies.push(route.request().postDataJSON());
          const words = "end_date: that is too late for this site.";
          if (isRefused) await route.fulfill(problem(400, "invalid_request", words, "end_date"));
          else await route.continue();
        }),
    });
    await page.getByRole("button", { name: "Plan" }).click();
    await page.locator("#end_date-error").getByText("that is too late for this site.").waitFor();
    expect(await page.getByLabel("Last day").getAttribute("aria-invalid")).toBe("true");

    isRefused = false;
    await page.getByText("Advanced").click();
    await page.getByText("Fetches every day between the dates again", { exact: false }).waitFor();
    await page.getByRole("checkbox", { name: "Fetch finished days again" }).check();
    await page.locator(".backfill-form select").selectOption("All sites");
    await page.getByRole("button", { name: "Plan" }).click();
    await giveToken(page, dashboard.adminToken);
    await page.getByRole("button", { name: "Start: 5 days" }).waitFor();
    await page.getByText("The files of finished days will be replaced.").waitFor();
    const dates = { start_date: daysAgo(5), end_date: daysAgo(1) };
    expect(bodies).toEqual([
      { ...dates, sites: [dashboard.site] },
      { ...dates, force_restart: true },
      { ...dates, force_restart: true },
    ]);
    await page.getByRole("checkbox", { name: "Fetch finished days again" }).uncheck();
    expect(await page.getByRole("button", { name: "Start: 5 days" }).count()).toBe(0);
    await page.getByRole("button", { name: "Plan" }).click();
    await page.getByText("5 days are stored already", { exact: false }).waitFor();
  });

  it("shows rate, time left and a standstill; polls only while visible", async () => {
    const now = Date.now();
    let [asked, atOnce, most] = [0, 0, 0];
    const page = await dashboard.open("/", {
      fresh: true,
      before: async (fresh) => {
        await fresh.clock.install({ time: now });
        await fresh.route(/\/backfill\/status/, async (route) => {
          asked++;
          most = Math.max(most, ++atOnce);
          await route.fulfill({ json: runningStatus(now, true) });
          atOnce--;
        });
      },
    });
    await page.clock.resume();
    await page.getByRole("link", { name: "Backfill" }).click();
    await page.getByText("about 1 hour 4 minutes").waitFor();
    await page.getByText("29 of 90 days").waitFor();
    await page.getByText("18 of 48 hours · 20 requests · 14,400 samples").waitFor();
    const bar = page.getByRole("progressbar", { name: "Days processed" });
    expect(await bar.getAttribute("aria-valuetext")).toBe("82 of 180 site-days, 3 of them failed");
    await page.getByRole("region", { name: "Waiting" }).getByText("finished days again").waitFor();
    await page.getByText("78 days an hour").waitFor();
    await page.getByText("No day has finished for a long time.").waitFor();
    const row = page.getByRole("row", { name: /ses_newport_news/ });
    expect(await row.textContent()).toMatch(/stands still.*30 \/ 90.*9 of 24 hours/);

    const before = asked;
    await page.clock.fastForward(2100);
    await expect.poll(() => asked).toBeGreaterThan(before);
    await page.evaluate("Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })");
    await allAskedIsSeen(page);
    const hidden = asked;
    await page.clock.fastForward(60_000);
    await allAskedIsSeen(page);
    expect(asked).toBe(hidden);
    await page.evaluate(
      "Object.defineProperty(document, 'visibilityState', { value: 'visible' });" +
        "document.dispatchEvent(new Event('visibilitychange'))",
    );
    await expect.poll(() => asked).toBeGreaterThan(hidden);
    expect(most).toBe(1);
  });

  it("waits for a slow answer, and keeps the rest when a part fails", async () => {
    dashboard.expectConsoleErrors(/503/);
    let isBroken = true;
    const page = await dashboard.open(backfillAt(5, 1), {
      before: async (fresh) => {
        await fresh.route(/\/backfill\/status/, async (route) => {
          if (isBroken) await route.fulfill(problem(503, "database_unavailable", "It rests."));
          else setTimeout(() => void route.continue(), 700);
        });
        await fresh.route(/\/backfill\/days/, (route) =>
          route.fulfill(problem(503, "database_unavailable", "It rests.")),
        );
      },
    });
    await page.getByText("The progress could not be loaded. It rests.").waitFor();
    expect(await page.getByRole("button", { name: "Plan" }).isEnabled()).toBe(true);
    isBroken = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".chip").waitFor();
    await page.getByText("The days could not be loaded. It rests.").waitFor();
    expect(await page.getByText("The progress could not be loaded.").count()).toBe(0);
  });

  it("moves between days by keys, and describes each", async () => {
    const page = await dashboard.open(`${backfillAt(5, 1)}&days=chosen`, {
      before: (fresh) =>
        fresh.route(/\/backfill\/days/, async (route) => {
          const response = await route.fetch();
          const { sites, ...range } = daysSchema.parse(await response.json());
          const settled = { settled_at: "2026-11-23T02:00:00.000Z", due_at: null };
          const awaited = {
            state: "missing",
            records: 0,
            updated_at: null,
            settled_at: null,
            due_at: "2026-11-30T02:00:00.000Z",
          };
          const changed = sites.map(({ days, ...site }) => {
            const [first, ...others] = days.map((day) => ({ ...day, ...settled }));
            return { ...site, days: [{ ...first, ...awaited }, ...others] };
          });
          await route.fulfill({ response, json: { ...range, sites: changed } });
        }),
    });
    const days = page.locator("button.day-mark");
    await expect.poll(() => days.count()).toBe(5);
    await days.last().focus();
    await page.keyboard.press("ArrowLeft");
    expect(await page.evaluate("document.activeElement.dataset.date")).toBe(daysAgo(2));
    expect(await page.locator(".day-readout").textContent()).toMatch(
      /: Written [\d,]+ samples.* · settled on Nov 23, 2026$/,
    );
    await page.keyboard.press("Home");
    expect(await page.evaluate("document.activeElement.dataset.date")).toBe(daysAgo(5));
    expect(await page.locator(".day-readout").textContent()).toMatch(
      /: Awaiting nothing is stored yet.* · not settled yet · asked again on Nov 30, 2026$/,
    );
    await page.locator(".legend").getByText("Awaiting 1").waitFor();
    expect(await page.locator("button.day-mark[tabindex='0']").count()).toBe(1);
  });

  it("is accessible in both themes, wide and narrow", async () => {
    for (const options of [{ theme: "light" }, { theme: "dark", viewport: NARROW }] as const) {
      const page = await dashboard.open("/?view=backfill&days=chosen", {
        ...options,
        before: (fresh) =>
          fresh.route(/\/backfill\/status/, (route) => route.fulfill({ json: runningStatus(Date.now(), true) })),
      });
      await page.locator("button.day-mark").last().waitFor();
      expect(await seriousViolations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(
        "viewport" in options ? NARROW.width : 1440,
      );
    }
  });
});
