import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { describeInBrowser, seriousViolations } from "./dashboard.ts";
import { charted, drag, exploreAt, HUMIDITY, inkOf, plots, POWER, ROOM, spanInAddress } from "./explore-page.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describeInBrowser("Explore", (dashboard) => {
  it("charts some points of the last 24 hours on the first visit", async () => {
    const page = await dashboard.open("/");
    await charted(page);
    expect(await plots(page).count()).toBe(2);
    expect(await page.getByRole("table").getByRole("rowheader").count()).toBe(4);
    expect(await inkOf(page)).toBeGreaterThan(0.001);
    expect(await page.locator(".data-notes").textContent()).toMatch(
      /^Every sample · [\d,]+ samples · from the recent store \(D1\).* · [\d.]+% complete/,
    );
    expect(new URL(page.url()).search).toBe("");
  });

  it("finds points by text, unit and tag, with the keyboard alone", async () => {
    const page = await dashboard.open(exploreAt([POWER]));
    await charted(page);
    await page.keyboard.press("/");
    await page.keyboard.type("roomhum");
    const options = page.getByRole("listbox", { name: "Points" }).getByRole("option");
    await options.getByText("RoomHumidity", { exact: false }).first().waitFor();
    await expect.poll(() => options.first().textContent()).toContain("Vav8001.RoomHumidity");
    await page.keyboard.type(" vav8002");
    await expect.poll(() => options.first().textContent()).toContain("Vav8002.RoomHumidity");
    await page.keyboard.press("Enter");
    await page.getByRole("rowheader", { name: "Vav8002.RoomHumidity" }).waitFor();
    expect(new URL(page.url()).searchParams.getAll("point")).toEqual([POWER, HUMIDITY]);
    await page.keyboard.press("Escape");
    await page.getByRole("listbox", { name: "Points" }).waitFor({ state: "hidden" });
    await expect.poll(() => plots(page).count()).toBe(2);

    const search = page.getByRole("combobox", { name: "Search points" });
    await search.fill("");
    const unit = page.getByRole("combobox", { name: "Unit" });
    await unit.selectOption("kW");
    await expect.poll(() => options.count()).toBeGreaterThan(0);
    await expect.poll(async () => (await options.allTextContents()).every((one) => one.endsWith("kW"))).toBe(true);
    await unit.selectOption("");
    await page.getByRole("combobox", { name: "Tag" }).selectOption("meter");
    await expect.poll(async () => (await options.allTextContents()).every((one) => one.includes("Meter"))).toBe(true);
    await options.filter({ hasText: "ActivePower" }).click();
    await expect.poll(() => new URL(page.url()).searchParams.getAll("point")).toEqual([HUMIDITY]);
  });

  it("zooms by dragging, from coarse to finer data; back returns", async () => {
    const page = await dashboard.open(exploreAt([POWER], "&last=30d"));
    await charted(page);
    expect(await page.locator(".data-notes").textContent()).toMatch(/^Hourly averages/);
    const answers: string[] = [];
    page.on("response", async (response) => {
      if (!response.url().includes("/timeseries/query")) return;
      answers.push(/"interval":"(\w+)"/.exec(await response.text())![1]!);
    });
    await drag(page, 0.85, 0.95);
    await page.getByText(/^5-minute averages/).waitFor();
    const first = spanInAddress(page);
    expect(Math.abs(first.end - first.start - 3 * DAY)).toBeLessThan(0.1 * DAY);
    await drag(page, 0.4, 0.5);
    await page.getByText(/^Every sample/).waitFor();
    await expect.poll(() => answers).toEqual(["5min", "raw"]);
    await page.goBack();
    await page.getByText(/^5-minute averages/).waitFor();
    expect(spanInAddress(page)).toEqual(first);
    await page.goBack();
    await page.getByText(/^Hourly averages/).waitFor();
    expect(await page.getByRole("button", { name: "Last 30 d" }).getAttribute("aria-pressed")).toBe("true");
  });

  it("shows coarse data while finer data loads; drops an outdated request", async () => {
    let answering = Promise.resolve();
    const page = await dashboard.open(exploreAt([POWER], "&last=7d"), {
      before: (fresh) =>
        fresh.route(/\/timeseries\/query/, async (route) => {
          await answering;
          await route.continue().catch(() => {});
        }),
    });
    await charted(page);
    const { promise, resolve: answer } = Promise.withResolvers<void>();
    answering = promise;
    const failed: string[] = [];
    page.on("requestfailed", (request) => failed.push(request.failure()?.errorText ?? ""));
    await drag(page, 0.7, 0.9);
    await page.getByText("Loading finer data…").waitFor();
    expect(await inkOf(page)).toBeGreaterThan(0.001);
    await drag(page, 0.4, 0.6);
    await expect.poll(() => failed).toEqual(["net::ERR_ABORTED"]);
    answer();
    await page.getByText(/^Every sample/).waitFor();
    expect(failed).toHaveLength(1);
  });

  it("moves and zooms by arrow keys, and announces values at the cursor", async () => {
    const page = await dashboard.open(exploreAt([POWER, ROOM], "&last=6h"));
    await charted(page);
    const chart = page.getByRole("application");
    await chart.focus();
    expect(await chart.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe("solid");
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => spanInAddress(page).end - spanInAddress(page).start).toBe(6 * HOUR);
    const before = spanInAddress(page);
    await page.keyboard.press("ArrowUp");
    await expect.poll(() => spanInAddress(page).end - spanInAddress(page).start).toBe(3 * HOUR);
    expect(spanInAddress(page).start).toBe(before.start + 1.5 * HOUR);
    await charted(page);
    await page.keyboard.press("Shift+ArrowRight");
    const spoken = page.locator("section[aria-label=Chart] > p.visually-hidden");
    await expect
      .poll(() => spoken.textContent())
      .toMatch(/20\d\d.*Meter3001.ActivePower [\d.]+ kW, Vav8002.RoomTemp [\d.]+ °F/);
    const value = page
      .getByRole("row", { name: /ActivePower/ })
      .getByRole("cell")
      .first();
    expect(await value.textContent()).toMatch(/^[\d.]+ kW$/);
    await page.keyboard.press("Escape");
    await page.getByText("Latest in this range").waitFor();
  });

  it("shows the values under the pointer in all panes, with units", async () => {
    const page = await dashboard.open(exploreAt([POWER, ROOM]));
    await charted(page);
    const box = (await plots(page).nth(1).boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    await expect
      .poll(() => page.locator(".values caption").textContent())
      .toMatch(/\w{3}, \w{3} \d+, 20\d\d, \d\d:\d\d/);
    expect(await page.locator(".chart-dot:visible").count()).toBe(2);
  });

  it("takes a range by the site's clock", async () => {
    const page = await dashboard.open(exploreAt([POWER]));
    await charted(page);
    await page.getByRole("button", { name: /–/ }).click();
    await page.getByText(`By the site's clock: ${dashboard.timezone}`).waitFor();
    await page.getByLabel("From", { exact: true }).fill("2024-11-03T00:00");
    await page.getByLabel("To", { exact: true }).fill("2024-11-02T00:00");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByText("The end must be after the start.").waitFor();
    await page.getByLabel("To", { exact: true }).fill("2024-11-04T00:00");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    // The day on which the clocks went back.
    await expect
      .poll(() => spanInAddress(page))
      .toEqual({ start: Date.UTC(2024, 10, 3, 5), end: Date.UTC(2024, 10, 4, 6) });
    await page.getByText(/1 d 1 h missing/).waitFor();
    expect(await page.getByRole("button", { name: "Live" }).isDisabled()).toBe(true);
  });

  it("draws gaps as gaps, bands behind averages, and weather over them", async () => {
    const page = await dashboard.open(exploreAt([POWER], "&last=30d"));
    await charted(page);
    const withBand = await inkOf(page);
    await page.getByRole("button", { name: "Display" }).click();
    await page.getByLabel("Minimum to maximum behind averages").uncheck();
    await expect.poll(() => inkOf(page)).toBeLessThan(withBand);
    expect(new URL(page.url()).searchParams.get("band")).toBe("off");
    await page.getByRole("group", { name: "Weather over the chart" }).getByRole("checkbox").first().check();
    await expect.poll(() => page.getByRole("rowheader").count()).toBe(2);
    expect(await page.locator(".swatch.dashed").count()).toBe(1);
    await page.keyboard.press("Escape");
    expect(
      await page.getByRole("button", { name: "Display" }).evaluate((element) => element === document.activeElement),
    ).toBe(true);
  });

  it("offers each quantity of the weather once, with label and unit", async () => {
    const page = await dashboard.open(exploreAt([POWER], "&last=6h"));
    await charted(page);
    await page.getByRole("button", { name: "Display" }).click();
    const names = await page.getByRole("group", { name: "Weather over the chart" }).locator(".check").allTextContents();
    expect(names).toContain("Outdoor temperature °C");
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.includes("weather/"))).toEqual([]);
  });

  it("downloads the data as CSV and copies the API's address", async () => {
    const page = await dashboard.open(exploreAt([POWER], "&last=6h"));
    await charted(page);
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download as CSV" }).click();
    const stream = await (await waiting).createReadStream();
    const csv = await text(stream);
    expect(csv.split("\r\n")[0]).toBe("point_name,label,timestamp,time,local_time,value,unit");
    expect(csv.split("\r\n").length).toBeGreaterThan(200);
    await page.getByRole("button", { name: /^Copy the API/ }).click();
    await page.getByText("Copied", { exact: true }).waitFor();
    const address = await page.evaluate(() => navigator.clipboard.readText());
    expect(address.startsWith(`${dashboard.url}/timeseries/query?`)).toBe(true);
    expect((await fetch(address)).status).toBe(200);
  });

  it("converts units on request, in one pane", async () => {
    const page = await dashboard.open(exploreAt([ROOM], "&units=metric"));
    await charted(page);
    expect(await page.locator(".chart-unit").allTextContents()).toEqual(["°C"]);
  });

  it.each(["light", "dark"] as const)("is accessible in the %s theme, with its panels open too", async (theme) => {
    const page = await dashboard.open(exploreAt([POWER, ROOM, HUMIDITY]), { theme });
    await charted(page);
    expect(await seriousViolations(page)).toEqual([]);
    await page.getByRole("button", { name: "Display" }).click();
    expect(await seriousViolations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("combobox", { name: "Search points" }).click();
    await page.getByRole("listbox", { name: "Points" }).getByRole("option").first().waitFor();
    expect(await seriousViolations(page)).toEqual([]);
  });
});
