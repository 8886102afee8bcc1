import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { z } from "zod";
import { describeInBrowser } from "./dashboard.ts";
import { charted, exploreAt, POWER } from "./explore-page.ts";
import { changed } from "./health-page.ts";
import { columnsOf, type PixelColumn } from "./plot-pixels.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A line's end is rounded. Half of the cap lies beside the line's middle. */
const EDGE_PX = 3;

const numbers = z.array(z.number());
const seriesSchema = z.looseObject({ timestamps: numbers, values: numbers });
const answerSchema = z.looseObject({ interval: z.string(), series: z.tuple([seriesSchema]) });

/** The columns whose time lies within [from, to), without those at its ends. */
async function columnsWithin(page: Page, [from, to]: readonly [number, number], span: readonly [number, number]) {
  const columns = await columnsOf(page);
  const x = (time: number) => ((time - span[0]) / (span[1] - span[0])) * columns.length;
  return columns.slice(Math.ceil(x(from)) + EDGE_PX, Math.floor(x(to)) - EDGE_PX);
}

/** The share of shaded columns. Lines of the grid are not shaded. */
function shadedShare(columns: readonly PixelColumn[]): number {
  return columns.filter(({ isShaded }) => isShaded).length / columns.length;
}

describeInBrowser("The chart's ink", (dashboard) => {
  it("draws no line in an outage, shades it, and continues after it", async () => {
    const end = Math.floor(Date.now() / MINUTE) * MINUTE - 30 * MINUTE;
    const span = [end - 6 * 60 * MINUTE, end] as const;
    const outage = [end - 4 * 60 * MINUTE, end - 3 * 60 * MINUTE] as const;
    const iso = (time: number) => new Date(time).toISOString();
    const page = await dashboard.open(exploreAt([POWER], `&from=${iso(span[0])}&to=${iso(span[1])}`), {
      before: (fresh) =>
        changed(fresh, /\/timeseries\/query/, answerSchema, ({ series: [one] }) => {
          const kept = one.timestamps.flatMap((time, i) => (time >= outage[0] && time < outage[1] ? [] : [i]));
          expect(one.timestamps.length - kept.length).toBeGreaterThan(50);
          one.values = kept.map((i) => one.values[i]!);
          one.timestamps = kept.map((i) => one.timestamps[i]!);
        }),
    });
    await charted(page);
    await page.getByText(/^Every sample/).waitFor();
    const within = await columnsWithin(page, [outage[0], outage[1] - 2 * MINUTE], span);
    expect(within.length).toBeGreaterThan(100);
    expect(within.filter(({ ink }) => ink !== null)).toEqual([]);
    expect(shadedShare(within)).toBeGreaterThan(0.95);
    for (const side of [
      [span[0] + 2 * MINUTE, outage[0] - 2 * MINUTE],
      [outage[1] + 2 * MINUTE, span[1] - 2 * MINUTE],
    ] as const) {
      const beside = await columnsWithin(page, side, span);
      expect(beside.length).toBeGreaterThan(200);
      expect(beside.filter(({ line, isShaded }) => line === null || isShaded)).toEqual([]);
    }
  });

  it("the band reaches from the minimum to the maximum, with the line's gaps", async () => {
    const end = Math.floor(Date.now() / DAY) * DAY;
    const span = [end - 5 * DAY, end] as const;
    const [wide, outage, narrow] = [
      [span[0], span[0] + 2 * DAY],
      [span[0] + 2 * DAY, span[0] + 3 * DAY],
      [span[0] + 3 * DAY, end],
    ] as const;
    const page = await dashboard.open(
      exploreAt([POWER], `&from=${new Date(span[0]).toISOString()}&to=${new Date(end).toISOString()}`),
      {
        before: (fresh) =>
          changed(fresh, /\/timeseries\/query/, answerSchema, ({ interval, series: [one] }) => {
            expect(interval).toBe("5min");
            const times = Array.from({ length: (5 * DAY) / (5 * MINUTE) }, (_, i) => span[0] + i * 5 * MINUTE);
            const timestamps = times.filter((time) => time < outage[0] || time >= outage[1]);
            const of = (inWide: number, inNarrow: number) =>
              timestamps.map((time) => (time < outage[0] ? inWide : inNarrow));
            const count = of(5, 5);
            Object.assign(one, { timestamps, values: of(50, 50), min: of(44, 47), max: of(62, 50), count });
          }),
      },
    );
    await charted(page);
    const gap = await columnsWithin(page, outage, span);
    expect(gap.length).toBeGreaterThan(100);
    expect(gap.filter(({ ink }) => ink !== null)).toEqual([]);
    expect(shadedShare(gap)).toBeGreaterThan(0.95);

    // How far the ink reaches above and below the middle of the line, in pixels: equal in all columns of a side.
    const reachOf = async (side: readonly [number, number]) => {
      const reaches = (await columnsWithin(page, side, span)).map(({ ink, line }) => {
        const middle = (line![0] + line![1]) / 2;
        return `${middle - ink![0]} ${ink![1] - middle}`;
      });
      expect(reaches.length).toBeGreaterThan(200);
      const [alike] = [...Map.groupBy(reaches, (one) => one).values()].sort((a, b) => b.length - a.length);
      // The other columns are lines of the grid.
      expect(alike!.length).toBeGreaterThan(0.95 * reaches.length);
      return alike![0]!.split(" ").map(Number);
    };
    const [above, below] = await reachOf(wide);
    const aUnit = (above! + below!) / 18;
    expect(aUnit).toBeGreaterThan(10);
    expect(Math.abs(above! - 12 * aUnit)).toBeLessThan(2);
    const [nothing, three] = await reachOf(narrow);
    expect(nothing).toBeLessThan(2);
    expect(Math.abs(three! - 3 * aUnit)).toBeLessThan(2);

    await page.getByRole("button", { name: "Display" }).click();
    await page.getByLabel("Minimum to maximum behind averages").uncheck();
    await page.waitForURL(/band=off/);
    // Without the band, only the line remains.
    await expect.poll(async () => (await reachOf(wide)).every((reach) => reach < 2)).toBe(true);
  });
});
