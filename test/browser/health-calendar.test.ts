import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { describeInBrowser, NARROW } from "./dashboard.ts";
import { answerOf, coverageSchema, HEALTH, loaded, part } from "./health-page.ts";

const DAY_MS = 86_400_000;
const dateOf = (time: number) => new Date(time).toISOString().slice(0, 10);
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");

describeInBrowser("Health's calendar of days", (dashboard) => {
  it("shows each day's state by keys and pointer, and opens it in Explore", async () => {
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

  it("a first tap shows the day, a second opens it; the newest show first", async () => {
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

  it("marks a day that was built without the API, and explains the mark", async () => {
    const page = await dashboard.open(HEALTH, {
      before: (fresh) =>
        fresh.route(/\/coverage/, async (route) => {
          const response = await route.fetch();
          const answer = coverageSchema.parse(await response.json());
          const built = answer.days.findLast(({ cold }) => cold.state === "written")!;
          built.cold["source"] = "d1";
          built["settling"] = {
            settled_at: null,
            due_at: "2100-01-01T00:00:00.000Z",
            outcome: "segments-only",
            reason: "503",
          };
          await route.fulfill({ response, json: answer });
        }),
    });
    await loaded(page);
    const marked = page.locator(".year-grid button.provisional");
    expect(await marked.count()).toBe(1);
    expect(await marked.getAttribute("aria-label")).toMatch(/Provisional, its file has the sync.s samples; .*samples/);
    expect(await part(page, "Coverage").locator(".legend").textContent()).toContain("Provisional 1");
    const backgrounds = await page
      .locator(".year-grid button")
      .evaluateAll((cells) => cells.map((cell) => [cell.className, getComputedStyle(cell).backgroundImage] as const));
    const patterns = new Map(backgrounds);
    expect(patterns.get("day-mark provisional")).toContain("gradient");
    expect(patterns.get("day-mark written")).not.toBe(patterns.get("day-mark provisional"));
  });
});
