import { expect, it } from "vitest";
import { z } from "zod";
import { describeInBrowser } from "./dashboard.ts";
import { charted, drag, exploreAt, inkOf, nextAnswer, POWER, spanInAddress } from "./explore-page.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const answerSchema = z.object({ interval: z.string(), series: z.array(z.object({ values: z.array(z.number()) })) });

/** The range of a query, ms. */
function rangeOf(url: string): readonly [number, number] {
  const params = new URL(url).searchParams;
  return [Date.parse(params.get("start_time")!), Date.parse(params.get("end_time")!)];
}

describeInBrowser("Explore's ranges", (dashboard) => {
  it("each button requests its length up to now, in a fitting interval", async () => {
    const page = await dashboard.open(exploreAt([POWER], "&last=1y"));
    await charted(page);
    for (const [label, last, length, interval] of [
      ["1 h", "1h", HOUR, "raw"],
      ["6 h", "6h", 6 * HOUR, "raw"],
      // An address without a range means 24 h.
      ["24 h", null, DAY, "raw"],
      ["7 d", "7d", 7 * DAY, "5min"],
      ["30 d", "30d", 30 * DAY, "1hr"],
      ["90 d", "90d", 90 * DAY, "1hr"],
      ["1 y", "1y", 365 * DAY, "1day"],
    ] as const) {
      const coming = nextAnswer(page);
      await page.getByRole("button", { name: `Last ${label}`, exact: true }).click();
      const response = await coming;
      const [start, end] = rangeOf(response.url());
      expect([label, end - start]).toEqual([label, length]);
      expect(Math.abs(end - Date.now())).toBeLessThan(2 * MINUTE);
      const answer = answerSchema.parse(await response.json());
      expect([label, answer.interval]).toEqual([label, interval]);
      expect(answer.series[0]!.values.length).toBeGreaterThan(0);
      await charted(page);
      expect(new URL(page.url()).searchParams.get("last")).toBe(last);
      const pressed = page.locator(".ranges [aria-pressed=true]");
      expect(await pressed.allTextContents()).toEqual([label]);
      expect(await inkOf(page), label).toBeGreaterThan(0);
    }
  });

  it("zooms from a year to samples in three drags: coarse, then finer data", async () => {
    let release = () => {};
    let held = Promise.resolve();
    const page = await dashboard.open(exploreAt([POWER], "&last=1y"), {
      before: (fresh) =>
        fresh.route(/\/timeseries\/query/, async (route) => {
          await held;
          await route.continue();
        }),
    });
    await charted(page);
    await page.getByText(/^Daily averages/).waitFor();
    const asked: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("/timeseries/query")) asked.push(request.url());
    });
    let length = 365 * DAY;
    for (const [from, to, words, interval] of [
      [0.9, 0.9995, /^Hourly averages/, "1hr"],
      [0.9, 0.9995, /^5-minute averages/, "5min"],
      [0.6, 0.95, /^Every sample/, "raw"],
    ] as const) {
      held = new Promise((resolve) => (release = resolve));
      const coming = nextAnswer(page);
      await drag(page, from, to);
      await page.getByText("Loading finer data…").waitFor();
      expect(await inkOf(page), `before ${interval}`).toBeGreaterThan(0);
      release();
      const response = await coming;
      expect(answerSchema.parse(await response.json()).interval).toBe(interval);
      await page.getByText(words).waitFor();
      const { start, end } = spanInAddress(page);
      expect(Math.abs((end - start) / length / (to - from) - 1)).toBeLessThan(0.02);
      expect(rangeOf(response.url())).toEqual([start, end]);
      expect(await inkOf(page), interval).toBeGreaterThan(0);
      length = end - start;
    }
    expect(asked.length).toBe(3);
    // Settled days are only in the archive.
    await page.getByText(/from the (?:recent store|archive)/).waitFor();
  });
});
