import type { Page, Response } from "playwright-core";

/** Opens Explore as a person does. */
export const POWER = "ses/ses_falls_city/8000:1-3001/analogInput/102";
const BACNET = "ses/ses_falls_city/192.168.96.4/n4/FallsCity_CMC/C.Drivers.BacnetNetwork.Net8000.Vav8002.points";
export const ROOM = `${BACNET}.RoomTemp`;
export const HUMIDITY = `${BACNET}.RoomHumidity`;

export function exploreAt(points: readonly string[], rest = ""): string {
  return `/?${points.map((name) => `point=${encodeURIComponent(name)}`).join("&")}${rest}`;
}

/** Waits until the chart shows what its address asks for. */
export async function charted(page: Page): Promise<void> {
  await page.locator("section[aria-label=Chart][aria-busy=false] .u-over").first().waitFor();
  await page.locator(".data-notes", { hasText: "samples" }).waitFor();
}

/** The next answer to a query. */
export function nextAnswer(page: Page): Promise<Response> {
  return page.waitForResponse((response) => response.url().includes("/timeseries/query"));
}

export function plots(page: Page) {
  return page.locator(".chart-plot .u-over");
}

/** Drags over the first plot. `from` and `to` are shares of its width. */
export async function drag(page: Page, from: number, to: number): Promise<void> {
  const box = (await plots(page).first().boundingBox())!;
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * ((from + to) / 2), y, { steps: 3 });
  await page.mouse.move(box.x + box.width * to, y, { steps: 3 });
  await page.mouse.up();
}

/** The range in the address, in ms. */
export function spanInAddress(page: Page): { start: number; end: number } {
  const params = new URL(page.url()).searchParams;
  return { start: Date.parse(params.get("from") ?? ""), end: Date.parse(params.get("to") ?? "") };
}

/** The share of coloured pixels (lines and bands, not ground and grid) in the first chart's plot. */
export function inkOf(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(".chart-plot canvas")!;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    let colored = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b, a] = [data[i]!, data[i + 1]!, data[i + 2]!, data[i + 3]!];
      if (a > 20 && Math.max(r, g, b) - Math.min(r, g, b) > 60) colored++;
    }
    return colored / (canvas.width * canvas.height);
  });
}
