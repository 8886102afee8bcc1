import { expect, it } from "vitest";
import { allAskedIsSeen, describeInBrowser } from "./dashboard.ts";
import { HEALTH, loaded, part, refused } from "./health-page.ts";
import { listenForSpeech } from "./spoken.ts";

describeInBrowser("Health in trouble", (dashboard) => {
  it("keeps the rest when a part fails, and tries again", async () => {
    dashboard.expectConsoleErrors(/503/);
    const page = await dashboard.open(HEALTH, { before: (fresh) => refused(fresh, /\/etl\/status/) });
    const status = page.getByRole("region", { name: "Status" });
    await status.getByText("The sync status could not be loaded. It rests.").waitFor();
    await page.locator(".year-grid").waitFor();
    await page.locator(".storage-list").waitFor();
    await page.locator(".worst-points").waitFor();
    await page.unroute(/\/etl\/status/);
    await status.getByRole("button", { name: "Try again" }).click();
    await loaded(page);

    // The earlier data stays, but the page no longer says that all is well.
    for (const address of [/\/etl\//, /\/coverage/, /\/quality/]) await refused(page, address);
    await page.getByRole("button", { name: "Check now" }).click();
    await expect.poll(() => page.getByRole("alert").count()).toBe(5);
    expect(await status.getByRole("heading").textContent()).toMatch(/^Status from (just now|\d+ s ago): /);
    await loaded(page);
  });

  it("the calendar keeps its place while the API takes 1.5 s", async () => {
    const page = await dashboard.open(HEALTH, {
      before: (fresh) =>
        fresh.route(/\/(etl|sites\/.+)\//, async (route) => {
          await new Promise((resolve) => setTimeout(resolve, 1500));
          await route.continue().catch(() => {});
        }),
    });
    await page.getByText("Loading the status…").waitFor();
    const before = (await part(page, "Coverage").boundingBox())!;
    await loaded(page);
    const after = (await part(page, "Coverage").boundingBox())!;
    expect([after.x, after.width]).toEqual([before.x, before.width]);
    expect(Math.abs(after.y - before.y)).toBeLessThan(24);
  });

  it("asks again every half minute, but only while it is visible", async () => {
    let asked = 0;
    const clockHasRun = Promise.withResolvers<void>();
    const page = await dashboard.open(HEALTH, {
      fresh: true,
      before: async (fresh) => {
        await fresh.clock.install();
        // The second answer arrives after the clock has run, so that its age is 0 s then.
        await fresh.route("**/etl/status", async (route) => {
          asked += 1;
          if (asked === 2) {
            await clockHasRun.promise;
          }
          await route.continue().catch(() => {});
        });
      },
    });
    await loaded(page);
    // On a busy machine half a minute passes by itself.
    await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1000);
    expect(asked).toBe(1);
    const spoken = await listenForSpeech(page);
    await page.clock.runFor(31_000);
    await expect.poll(() => asked).toBe(2);
    clockHasRun.resolve();
    // The passing time is shown, not announced.
    await page.locator(".verdict").getByText("Checked just now").waitFor();
    await page.clock.runFor(10_000);
    await page
      .locator(".verdict")
      .getByText(/^Checked \d+ s ago$/)
      .waitFor();
    expect(await spoken()).toBe("");
    await page.waitForLoadState("networkidle");
    await page.evaluate(() =>
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" }),
    );
    await page.clock.runFor(120_000);
    await allAskedIsSeen(page);
    expect(asked).toBe(2);
  });
});
