import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { buildDashboard } from "@building-vitals/local/dashboard-build";
import { chromium, type Route } from "playwright-core";
import { CHROMIUM_FLAGS, findChromium } from "./chromium.ts";

const SERIES = 20;
const SAMPLES = 2000;
const MINUTE = 60_000;
const SECONDS = 4;
const TYPES: Readonly<Record<string, string>> = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html" };

const end = Math.ceil(Date.now() / MINUTE) * MINUTE;
const names = Array.from({ length: SERIES }, (_, i) => `point-${i}`);
/** Each series has its own times, as scrapes have. */
const series = names.map((name, i) => {
  const timestamps = Array.from({ length: SAMPLES }, (_, k) => end - (SAMPLES - k) * MINUTE + i * 613);
  const values = timestamps.map((_, k) => 60 + i + 5 * Math.sin(k / (20 + i)) + ((k * 7919) % 13) / 10);
  return { point_name: name, unit: i % 2 === 0 ? "°F" : "kW", timestamps, values };
});
const metadata = {
  computed_from: "samples",
  total_samples: SERIES * SAMPLES,
  sources: ["D1"],
  completeness: 1,
  missing: [],
  pending: null,
  downsampled: null,
  partial: false,
  cache_hit: false,
  query_time_ms: 1,
};
const ANSWERS: Readonly<Record<string, unknown>> = {
  "/sites": { sites: [{ name: "s", timezone: "America/Chicago", data_until: null }] },
  "/timeseries/query": { interval: "raw", series, metadata },
};

// `npm run bench:frames`: draws and pans twenty series of 2,000 samples, and prints the frames a second.
const executablePath = findChromium(process.env);
if (executablePath === null) throw new Error("There is no Chromium: install it, or set CHROMIUM_PATH.");
const { folder } = await buildDashboard();
const answer = async (route: Route) => {
  const path = new URL(route.request().url()).pathname;
  if (path.endsWith("/points")) return route.fulfill({ json: { points: [], next_cursor: null } });
  const json = ANSWERS[path];
  if (json !== undefined) return route.fulfill({ json });
  const file = path === "/" ? "index.html" : path;
  return route.fulfill({ body: await readFile(join(folder, file)), contentType: TYPES[extname(file)] ?? "text/plain" });
};

const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
for (const [kind, viewport] of [
  ["wide", { width: 1440, height: 900 }],
  ["narrow", { width: 390, height: 844 }],
] as const) {
  const page = await browser.newPage({ viewport });
  await page.route("**/*", answer);
  const points = names.map((name) => `point=${name}`).join("&");
  const iso = (time: number) => new Date(time).toISOString();
  await page.goto(`http://dashboard.test/?from=${iso(end - SAMPLES * MINUTE)}&to=${iso(end)}&${points}`);
  await page.locator(".data-notes", { hasText: "40,000 samples" }).waitFor();
  const measured = await page.evaluate(async (ms) => {
    const over = document.querySelector(".chart-plot .u-over")!;
    const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
    const point = (type: string, x: number) =>
      over.dispatchEvent(
        new PointerEvent(type, { clientX: x, clientY: 300, pointerId: 1, pointerType: "touch", bubbles: true }),
      );
    point("pointerdown", 300);
    const started = performance.now();
    let [frames, busy] = [0, 0];
    while (performance.now() - started < ms) {
      let begun = 0;
      requestAnimationFrame(() => (begun = performance.now()));
      point("pointermove", 300 + 120 * Math.sin(frames / 10));
      // The page draws between these two callbacks of a frame.
      await frame();
      busy += performance.now() - begun;
      frames++;
    }
    point("pointerup", 300);
    return { fps: (frames * 1000) / (performance.now() - started), drawMs: busy / frames };
  }, SECONDS * 1000);
  console.log(
    `${kind}: ${measured.fps.toFixed(0)} frames a second while ${SERIES} series of ${SAMPLES} samples are panned, ` +
      `${measured.drawMs.toFixed(1)} ms of script a frame`,
  );
  await page.close();
}
await browser.close();
