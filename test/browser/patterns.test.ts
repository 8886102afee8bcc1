import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { z } from "zod";
import { describeInBrowser, NARROW, seriousViolations } from "./dashboard.ts";

const POINT = "ses/ses_falls_city/8000:1-3001/analogInput/102";
const DAY_MS = 86_400_000;

const answerSchema = z.object({
  series: z.array(z.object({ timestamps: z.array(z.number()), values: z.array(z.number()), unit: z.string() })),
});
const at = (rest = "") => `/?view=patterns&point=${POINT}${rest}`;

/** The value in a line of the page: `1,234.5 kW` as 1234.5. */
const numberOf = (text: string | null) => Number((text ?? "").replaceAll(",", "").replace(/[^-\d.].*$/, ""));
const card = (page: Page, name: string) => page.getByRole("region", { name });
const readoutOf = (page: Page, id: string) => page.locator(`#${id}-readout`);

async function drawn(page: Page): Promise<void> {
  await page.locator(".heat-frame").waitFor();
  await page.locator(".overlay-frame .u-over").waitFor();
  await page.locator(".histogram-frame .bin-bar").first().waitFor();
}

async function press(page: Page, key: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
}

describeInBrowser("Patterns", (dashboard) => {
  const zoned = (time: number, how: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("en-CA", { ...how, timeZone: dashboard.timezone, hourCycle: "h23" }).format(time);
  const dateOf = (time: number) => zoned(time, { dateStyle: "short" });
  const clockOf = (time: number) => zoned(time, { hour: "2-digit", minute: "2-digit" });

  const query = async (interval: string, start: number, end: number) => {
    const times = { start_time: new Date(start).toISOString(), end_time: new Date(end).toISOString() };
    const search = new URLSearchParams({ site_name: dashboard.site, point_names: POINT, interval, ...times });
    const response = await fetch(`${dashboard.url}/timeseries/query?${search.toString()}`);
    const series = answerSchema.parse(await response.json()).series[0]!;
    return series.timestamps.map((time, i) => ({ time, value: series.values[i]! }));
  };

  it("proposes a point; one found by text stays in the address", async () => {
    const page = await dashboard.open("/?view=patterns");
    await drawn(page);
    expect(await page.locator(".patterns-title").textContent()).not.toBe("");
    await page.getByRole("combobox", { name: "Search points" }).fill("activepower");
    await page
      .getByRole("option", { name: /ActivePower/ })
      .first()
      .click();
    await expect.poll(() => new URL(page.url()).searchParams.get("point")).toMatch(/analogInput/);
    expect(await page.getByRole("listbox").count()).toBe(0);
    await expect.poll(() => page.locator(".patterns-title").textContent()).toContain("ActivePower");
  });

  it("shows an hour's value by keys and pointer, and opens its day", async () => {
    const page = await dashboard.open(at());
    await drawn(page);
    const yesterday = dateOf(Date.now() - DAY_MS);
    const hours = await query("1hr", Date.now() - 3 * DAY_MS, Date.now());
    // The eleventh of the day's hours: the one at ten, unless the clock was changed that night.
    const right = hours.filter(({ time }) => dateOf(time) === yesterday)[10]!;
    const hour = Number(clockOf(right.time).slice(0, 2));
    const words = (from: number) => [from, from + 1].map((one) => `${String(one).padStart(2, "0")}:00`).join("–");

    await page.locator(".heat-frame").focus();
    await press(page, "ArrowLeft", 2);
    await press(page, "ArrowDown", 10);
    const line = readoutOf(page, "heat");
    expect(await line.textContent()).toContain(words(hour));
    const value = numberOf(await line.locator("strong").textContent());
    expect(Math.abs(value - right.value)).toBeLessThanOrEqual(0.001 * Math.max(1, Math.abs(right.value)));
    const said = await line.textContent();

    const box = (await page.locator(".heat-canvases").boundingBox())!;
    const days = (Date.parse(dateOf(Date.now())) - Date.parse(await firstDay(page))) / DAY_MS + 1;
    const column = (box.width - 4) / days;
    const place = { x: box.x + 2 + column * (days - 1.5), y: box.y + 4 + (hour + 0.5) * 15 };
    await page.mouse.move(place.x, place.y - 15);
    await expect.poll(() => line.textContent()).toContain(words(hour - 1));
    await page.mouse.move(place.x, place.y);
    await expect.poll(() => line.textContent()).toBe(said);

    await page.mouse.click(place.x, place.y);
    await page.waitForURL(/view=explore/);
    const params = new URL(page.url()).searchParams;
    expect(params.get("point")).toBe(POINT);
    const [from, to] = [Date.parse(params.get("from")!), Date.parse(params.get("to")!)];
    expect([dateOf(from), clockOf(from), dateOf(to - 1), clockOf(to)]).toEqual([
      yesterday,
      "00:00",
      yesterday,
      "00:00",
    ]);
    await page.goBack();
    await drawn(page);
  });

  /** `YYYY-MM-DD` of the first day that is shown. */
  async function firstDay(page: Page): Promise<string> {
    const [text] = (await page.locator(".patterns-days").textContent())!.split(" – ");
    return new Date(`${text} UTC`).toISOString().slice(0, 10);
  }

  it("shows missing hours, other days and a year, all in the address", async () => {
    const page = await dashboard.open(at());
    await drawn(page);
    await page.locator(".heat-frame").focus();
    await press(page, "ArrowLeft", 1);
    await page.keyboard.press("Home");
    expect(await readoutOf(page, "heat").textContent()).toMatch(/, 00:00–01:00 no samples/);
    await page.locator(".heat-missing").waitFor();

    const answered = page.waitForResponse((response) => response.url().includes("interval=1hr"));
    await page.getByRole("button", { name: "Year" }).click();
    expect((await answered).status()).toBe(200);
    expect(new URL(page.url()).searchParams.get("span")).toBe("year");
    await card(page, "Distribution")
      .getByText(/^Of [\d,]+ hourly means/)
      .waitFor();
    await page.goBack();
    expect(await page.getByRole("button", { name: "Month", exact: true }).getAttribute("aria-pressed")).toBe("true");
    await page.getByRole("button", { name: "The month before" }).click();
    await expect
      .poll(() => page.getByText("This point has no samples in these days.", { exact: false }).count())
      .toBe(3);
    await page.getByRole("button", { name: "Today" }).click();
    await drawn(page);
    expect(new URL(page.url()).searchParams.has("to")).toBe(false);
  });

  it("overlays days by the site's clock: the newest, and the median of all", async () => {
    const page = await dashboard.open(at());
    await drawn(page);
    await page.locator(".overlay-frame").focus();
    await page.keyboard.press("ArrowRight");
    const line = readoutOf(page, "overlay");
    await expect.poll(() => line.textContent()).toMatch(/^00:00 /);
    const values = await query("5min", Date.now() - 15 * DAY_MS, Date.now());
    const midnights = values.filter(({ time }) => clockOf(time) === "00:00");
    const newest = midnights.at(-1)!;
    const shown = numberOf(await line.locator("strong").textContent());
    expect(Math.abs(shown - newest.value)).toBeLessThanOrEqual(0.001 * Math.max(1, Math.abs(newest.value)));
    const sorted = midnights.map(({ value }) => value).sort((a, b) => a - b);
    const middle = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
    const usual = numberOf(/usually (.*)/.exec((await line.textContent())!)![1]!);
    expect(Math.abs(usual - middle)).toBeLessThanOrEqual(0.001 * Math.max(1, Math.abs(middle)));

    const weekday = zoned(Date.now(), { weekday: "long" });
    await page.getByRole("button", { name: `${weekday}s` }).click();
    await card(page, "Day over day").getByText(`8 ${weekday}s`, { exact: false }).waitFor();
    expect(new URL(page.url()).searchParams.get("compare")).toBe("weekday");
  });

  it("counts the values of the range in bins, and names their kind", async () => {
    const page = await dashboard.open(at());
    await drawn(page);
    const note = await card(page, "Distribution").locator("header p").textContent();
    const [, count, what] = /^Of ([\d,]+) (samples|five-minute means) of these days$/.exec(note!)!;
    await page.locator(".histogram-frame").focus();
    await page.keyboard.press("ArrowRight");
    const line = await readoutOf(page, "histogram").textContent();
    const [, low, high, inside] = /^([-\d.,]+) to ([-\d.,]+) \S+ [\d.]+% ([\d,]+) of/.exec(line!)!;
    const values = await query(what === "samples" ? "raw" : "5min", Date.now() - 8 * DAY_MS, Date.now());
    // New samples arrive meanwhile.
    const came = 20;
    expect(Math.abs(values.length - numberOf(count!))).toBeLessThan(came);
    const right = values.filter(({ value }) => value >= numberOf(low!) && value < numberOf(high!)).length;
    expect(Math.abs(right - numberOf(inside!))).toBeLessThan(came);
    expect(right).toBeGreaterThan(0);
    const sorted = values.map(({ value }) => value).sort((a, b) => a - b);
    const median = page.locator(".summary div", { hasText: "median" }).locator("dd");
    const shown = numberOf(await median.textContent());
    const middle = sorted.length >> 1;
    // Shown with three digits or more.
    expect(shown).toBeGreaterThanOrEqual(sorted[middle - came]! - 0.5);
    expect(shown).toBeLessThanOrEqual(sorted[middle + came]! + 0.5);
  });

  it("keeps the others when one fails, and hides an old point on a retry", async () => {
    dashboard.expectConsoleErrors(/503/);
    let isBroken = true;
    const page = await dashboard.open(at(), {
      before: (fresh) =>
        fresh.route(/\/timeseries\/query.*interval=1hr/, (route) => {
          const problem = { type: "about:blank", status: 503, code: "cold_unavailable", detail: "It rests." };
          if (isBroken) return route.fulfill({ status: 503, contentType: "application/problem+json", json: problem });
          return new Promise((resolve) => setTimeout(() => resolve(route.continue()), 500));
        }),
    });
    const hours = card(page, "Hour by hour");
    await hours.getByText("Hour by hour could not be loaded. It rests.").waitFor();
    await page.locator(".histogram-frame .bin-bar").first().waitFor();
    isBroken = false;
    await hours.getByRole("button", { name: "Try again" }).click();
    await drawn(page);
    await page.getByRole("combobox", { name: "Search points" }).fill("roomtemp");
    await page
      .getByRole("option", { name: /RoomTemp/ })
      .first()
      .click();
    await expect.poll(() => page.locator(".heat-frame").count()).toBe(0);
    await drawn(page);
  });

  it("is accessible in both themes, wide and narrow", async () => {
    for (const options of [{ theme: "light" }, { theme: "dark", viewport: NARROW }] as const) {
      const page = await dashboard.open(at(), options);
      await drawn(page);
      expect(await seriousViolations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(
        "viewport" in options ? NARROW.width : 1440,
      );
    }
  });

  it("a first tap shows an hour, a second opens its day", async () => {
    const page = await dashboard.open(at(), { viewport: NARROW });
    await drawn(page);
    const box = (await page.locator(".heat-canvases").boundingBox())!;
    await page.touchscreen.tap(box.x + box.width - 20, box.y + 12 * 5);
    await expect.poll(() => readoutOf(page, "heat").textContent()).toMatch(/04:00–05:00 [-\d.,]+ /);
    await page.getByRole("button", { name: "Open this day" }).click();
    await page.waitForURL(/view=explore/);
  });
});
