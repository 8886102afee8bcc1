import { afterEach, expect, it } from "vitest";
import { backfillAt, daysAgo, giveToken, seesStatus } from "./backfill-page.ts";
import { describeWithOwnSystem } from "./dashboard.ts";

describeWithOwnSystem("Backfill", { points: 12, pastDays: 0 }, (dashboard) => {
  const faults = async (rules: readonly unknown[]) => {
    const init = { method: "POST", body: JSON.stringify({ rules }) };
    expect((await fetch(`${dashboard.simulatorUrl}/_simulator/faults`, init)).status).toBe(200);
  };
  afterEach(() => faults([]));
  /** Starts a backfill from outside the page. @param from days ago @param to days ago */
  const start = async (from: number, to: number) => {
    const response = await fetch(`${dashboard.url}/backfill/start`, {
      method: "POST",
      headers: { authorization: `Bearer ${dashboard.adminToken}` },
      body: JSON.stringify({ start_date: daysAgo(from), end_date: daysAgo(to) }),
    });
    expect(response.status).toBe(202);
  };

  it("plans, asks for a valid token, and follows a backfill over a reload", async () => {
    dashboard.expectConsoleErrors(/401/);
    // Keeps the backfill running until the page has shown it.
    await faults([{ fault: "hang", hangMs: 2_000, endpoint: "timeseries" }]);
    const page = await dashboard.open(backfillAt(411, 410));
    await page.getByRole("button", { name: "Plan" }).click();
    await giveToken(page, "wrong");
    await page.getByText("That token was not accepted.").waitFor();
    await giveToken(page, dashboard.adminToken);
    const plan = page.getByRole("status", { name: "Plan" });
    await plan.waitFor();
    expect(await plan.textContent()).toMatch(/To fetch2 days.*Takes about.*48 requests.*Stores about.*Costs about/);

    await page.getByRole("button", { name: "Start: 2 days" }).click();
    await seesStatus(page, "Running");
    const bar = page.getByRole("progressbar", { name: "Days processed" });
    expect(await bar.getAttribute("aria-valuetext")).toMatch(/^[01] of 2 days, 0 of them failed$/);
    await page.reload();
    await seesStatus(page, "Running");
    await faults([]);
    await seesStatus(page, "Completed");
    expect(await bar.getAttribute("aria-valuetext")).toBe("2 of 2 days, 0 of them failed");
    await expect.poll(() => page.getByRole("button", { name: /^\w+ \d+, \d+: Written$/ }).count()).toBe(2);

    const day = page.locator(`[data-date="${daysAgo(410)}"]`);
    await day.click();
    expect(await page.locator(".day-readout").textContent()).toMatch(
      /: Written [\d,]+ samples · \d+ points · [\d.]+ kB · built/,
    );
    expect(await page.getByText("Nothing to fetch").count()).toBe(0);
  });

  it("queues a start behind a running backfill, withdraws it, and cancels", async () => {
    dashboard.expectConsoleErrors(/401/);
    await faults([{ fault: "hang", hangMs: 2_000, endpoint: "timeseries" }]);
    const page = await dashboard.open(backfillAt(416, 415), {
      before: (fresh) =>
        fresh.route(/\/backfill\/status/, (route) => route.fulfill({ json: { status: "not_started" } })),
    });
    await page.getByRole("heading", { name: "No backfill yet" }).waitFor();
    await page.getByRole("button", { name: "Plan" }).click();
    await giveToken(page, dashboard.adminToken);
    await page.getByRole("button", { name: "Start: 2 days" }).waitFor();
    await start(414, 412);
    await page.getByRole("button", { name: "Start: 2 days" }).click();
    await page.getByRole("button", { name: "Plan", exact: true }).waitFor();

    await page.unroute(/\/backfill\/status/);
    await page.reload();
    await seesStatus(page, "Running");
    const waiting = page.getByRole("region", { name: "Waiting" });
    expect(await waiting.getByRole("listitem").count()).toBe(1);
    await waiting.getByRole("button", { name: "Remove" }).click();
    await giveToken(page, dashboard.adminToken);
    await waiting.waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Cancel" }).click();
    await seesStatus(page, "Cancelled");
    expect(await page.getByRole("button", { name: "Cancel" }).count()).toBe(0);
    const status: unknown = await (await fetch(`${dashboard.url}/backfill/status`)).json();
    expect(status).toMatchObject({ status: "cancelled", start_date: daysAgo(414) });
  });

  it("lists a failed day with its reason, and retries it", async () => {
    dashboard.expectConsoleErrors(/401/);
    await faults([{ fault: "403", endpoint: "timeseries" }]);
    await start(420, 420);
    const page = await dashboard.open("/?view=backfill");
    await seesStatus(page, "Failed");
    const list = page.getByRole("region", { name: "1 day to check" });
    expect(await list.getByRole("listitem").textContent()).toMatch(/failed .*answered 403/);
    await page.getByRole("button", { name: /: Failed$/ }).waitFor();

    await faults([]);
    await list.getByRole("button", { name: "Try again" }).click();
    await giveToken(page, dashboard.adminToken);
    await seesStatus(page, "Completed");
    await page.getByRole("button", { name: /: Written$/ }).waitFor();
    await list.waitFor({ state: "hidden" });
  });
});
