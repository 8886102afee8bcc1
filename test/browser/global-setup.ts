import { createServer } from "node:http";
import { freePorts } from "../e2e/free-ports.ts";
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { startBrowserSystem } from "./browser-system.ts";
import { CHROMIUM_FLAGS, findChromium } from "./chromium.ts";

/** The building of the shared system. */
const SHARED = { points: 60, pastDays: 5 };

declare module "vitest" {
  interface ProvidedContext {
    browser: {
      /** endpoint of the browser that all files share */
      readonly wsEndpoint: string;
      /** answers with the shared system ({@link BrowserSystem} in JSON) as soon as it is filled */
      readonly systemUrl: string;
      /** null: this machine has no Chromium */
    } | null;
  }
}

/** One browser for all files, and one system for the files that only read. Other tests run while the system is filled. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const executablePath = findChromium(process.env);
  if (executablePath === null) {
    if (process.env["CI"]) throw new Error("The browser tests need Chromium: install it, or set CHROMIUM_PATH.");
    project.provide("browser", null);
    return undefined;
  }
  const browser = await chromium.launchServer({ executablePath, headless: true, args: CHROMIUM_FLAGS });
  const starting = startBrowserSystem(SHARED);
  const announcer = createServer((_, response) => {
    starting.then(
      ({ system }) => response.end(JSON.stringify(system)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const [port] = await freePorts(1);
  await new Promise<void>((resolve) => announcer.listen(port, "127.0.0.1", resolve));
  project.provide("browser", { wsEndpoint: browser.wsEndpoint(), systemUrl: `http://127.0.0.1:${port}` });
  return async () => {
    announcer.close();
    await browser.close();
    await (await starting).close();
  };
}
