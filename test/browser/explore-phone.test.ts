import { expect, it } from "vitest";
import { z } from "zod";
import { describeInBrowser, NARROW } from "./dashboard.ts";
import { charted, exploreAt, plots, POWER, ROOM, spanInAddress } from "./explore-page.ts";

const pointsSchema = z.object({ points: z.array(z.object({ name: z.string() })) });

describeInBrowser("Explore on a phone", (dashboard) => {
  it("one finger moves the range, two stretch it, and all fits the screen", async () => {
    const page = await dashboard.open(exploreAt([POWER, ROOM], "&last=6h"), { viewport: NARROW });
    await charted(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    // The search is above the chart, the values are right under it.
    const [search, chart, values] = await Promise.all(
      [".point-search", ".explore-chart", ".values-card"].map((one) => page.locator(one).boundingBox()),
    );
    expect(search!.y).toBeLessThan(chart!.y);
    expect(values!.y - chart!.y - chart!.height).toBeLessThan(20);
    const box = (await plots(page).first().boundingBox())!;
    const y = box.y + box.height / 2;
    await page.touchscreen.tap(box.x + box.width / 2, y);
    const readout = page.locator(".chart-readout");
    await expect.poll(() => readout.count()).toBe(2);
    expect(await readout.locator(".chart-readout-time").allTextContents()).toEqual([
      expect.stringMatching(/^\w{3}, \w{3} \d+, 2026, \d\d:\d\d/),
    ]);
    expect(await readout.locator(".chart-readout-value").allTextContents()).toEqual([
      expect.stringMatching(/^[\d.]+$/),
      expect.stringMatching(/^[\d.]+$/),
    ]);
    const client = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", xs: readonly number[]) =>
      client.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: xs.map((share, id) => ({ x: box.x + box.width * share, y, id })),
      });
    await touch("touchStart", [0.3]);
    for (const share of [0.4, 0.5, 0.6, 0.8]) await touch("touchMove", [share]);
    await touch("touchEnd", []);
    await expect.poll(() => spanInAddress(page).end - spanInAddress(page).start).toBe(6 * 3_600_000);
    expect(spanInAddress(page).end).toBeLessThan(Date.now() - 2 * 3_600_000);
    await charted(page);
    await touch("touchStart", [0.45, 0.55]);
    for (const by of [0.1, 0.2, 0.3]) await touch("touchMove", [0.45 - by, 0.55 + by]);
    await touch("touchEnd", []);
    await expect.poll(() => spanInAddress(page).end - spanInAddress(page).start).toBeLessThan(2 * 3_600_000);
    await charted(page);
  });

  it("is no wider than a phone when its range has long dates", async () => {
    const page = await dashboard.open(exploreAt([POWER], "&from=2025-12-31T17:00Z&to=2026-01-01T17:00Z"), {
      viewport: NARROW,
    });
    await page.getByRole("button", { name: "Dec 31, 2025, 11:00 – Jan 1, 2026, 11:00 CST" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await page.getByRole("button", { name: "Last 1 y" }).click();
    await charted(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    const zoomOut = (await page.getByRole("button", { name: "Zoom out" }).boundingBox())!;
    expect(zoomOut.x + zoomOut.width).toBeLessThanOrEqual(390);
  });

  it("fits the narrowest screen and a page at 200%, with panels open", async () => {
    const page = await dashboard.open(exploreAt([POWER]), { viewport: { width: 320, height: 720 } });
    await charted(page);
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    for (const name of [/–/, "Display"] as const) {
      await page.getByRole("button", { name }).click();
      await page.locator(".popover").waitFor();
      expect(await width()).toBe(320);
      const box = (await page.locator(".popover").boundingBox())!;
      expect(box.x).toBeGreaterThanOrEqual(0);
      await page.keyboard.press("Escape");
    }
  });

  it("draws each chart once a frame under two fingers, without reflow", async () => {
    const page = await dashboard.open(exploreAt([POWER, ROOM], "&last=6h"), { viewport: NARROW });
    await charted(page);
    const box = (await plots(page).first().boundingBox())!;
    await page.touchscreen.tap(box.x + box.width / 2, box.y + 50);
    // The dots move with the range.
    await expect.poll(() => page.locator(".chart-dot:visible").count()).toBe(2);
    const counted = await page.evaluate(async () => {
      const [plot] = document.querySelectorAll(".chart-plot .u-over");
      const { left, width, top } = plot!.getBoundingClientRect();
      const finger = (type: string, pointerId: number, share: number) => {
        const at = { clientX: left + width * share, clientY: top + 50 };
        plot!.dispatchEvent(new PointerEvent(type, { ...at, pointerId, pointerType: "touch", bubbles: true }));
      };
      finger("pointerdown", 1, 0.4);
      finger("pointerdown", 2, 0.6);
      let [draws, questions] = [0, 0];
      const canvas = CanvasRenderingContext2D.prototype;
      const clearRect = Object.getOwnPropertyDescriptor(canvas, "clearRect")!;
      // Each draw of a chart asks for it once.
      Object.defineProperty(canvas, "clearRect", {
        configurable: true,
        get() {
          draws++;
          return clearRect.value;
        },
      });
      const width0 = Object.getOwnPropertyDescriptor(Element.prototype, "clientWidth")!;
      Object.defineProperty(Element.prototype, "clientWidth", {
        get() {
          questions++;
          return width0.get!.call(this);
        },
      });
      finger("pointermove", 1, 0.3);
      finger("pointermove", 2, 0.7);
      await new Promise((resolve) => requestAnimationFrame(resolve));
      Object.defineProperty(canvas, "clearRect", clearRect);
      Object.defineProperty(Element.prototype, "clientWidth", width0);
      finger("pointerup", 1, 0.3);
      finger("pointerup", 2, 0.7);
      return { draws, questions };
    });
    expect(counted).toEqual({ draws: 2, questions: 0 });
    await expect.poll(() => spanInAddress(page).end - spanInAddress(page).start).toBeLessThan(4 * 3_600_000);
  });

  it.each([3, 8, 12])("shows values of %i series in two lines, and counts the rest", async (count) => {
    const path = `/sites/${dashboard.site}/points?unit=${encodeURIComponent("°F")}&limit=${count}`;
    const { points } = pointsSchema.parse(await (await fetch(`${dashboard.url}${path}`)).json());
    expect(points.length).toBe(count);
    const page = await dashboard.open(exploreAt(points.map(({ name }) => name)), { viewport: NARROW });
    await charted(page);
    const before = (await plots(page).first().boundingBox())!;
    await page.touchscreen.tap(before.x + before.width / 2, before.y + before.height / 2);
    const readout = page.locator(".chart-readout");
    await readout.waitFor();
    expect(await plots(page).first().boundingBox()).toEqual(before);
    const values = readout.locator(".chart-readout-value:visible");
    const shown = await values.count();
    const more = await readout.locator(".chart-readout-more:visible").allTextContents();
    expect(more).toEqual(shown === count ? [] : [`+${count - shown}`]);
    const room = await page.locator(".chart-pane").first().boundingBox();
    const boxes = await readout
      .locator(".chart-readout-value:visible, .chart-readout-more:visible, .chart-readout-time")
      .evaluateAll((elements) => elements.map((element) => element.getBoundingClientRect().toJSON()));
    const rects = z.array(z.object({ left: z.number(), right: z.number(), top: z.number(), bottom: z.number() }));
    for (const { left, right, top, bottom } of rects.parse(boxes)) {
      expect(left).toBeGreaterThanOrEqual(room!.x);
      expect(right).toBeLessThanOrEqual(room!.x + room!.width);
      expect(bottom - room!.y).toBeLessThan(40);
      // No value overlaps another.
      const over = rects
        .parse(boxes)
        .filter((one) => one.left < right && left < one.right && one.top < bottom && top < one.bottom);
      expect(over.length).toBe(1);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(NARROW.width);
  });
});
