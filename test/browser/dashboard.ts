import axe from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, inject } from "vitest";
import { z } from "zod";
import { type BrowserSystem, type Building, type StartedSystem, startBrowserSystem } from "./browser-system.ts";
import { type KeptPages, keptPages, type Theme, type Viewport } from "./kept-pages.ts";
import { bringToToday, TO_TODAY_MS } from "./today.ts";

const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 390, height: 844 };
interface OpenOptions {
  readonly theme?: Theme;
  /** default WIDE; NARROW is a phone with a touch screen */
  readonly viewport?: Viewport;
  /** called before the page loads, for routes */
  readonly before?: (page: Page) => Promise<unknown>;
  /** a page with no cache, which no other test gets: for tests that set its clock, or count what a first visit loads */
  readonly fresh?: boolean;
}

/** What a group of tests is given. Its system's properties can be read within tests only. */
export interface Dashboard extends BrowserSystem {
  /** Opens a page, such as `/?view=explore`. */
  open(path: string, options?: OpenOptions): Promise<Page>;
  /** Errors of its console that a test causes on purpose, such as those of requests that it makes fail. */
  expectConsoleErrors(pattern: RegExp): void;
}

const systemSchema: z.ZodType<BrowserSystem> = z.object({
  url: z.string(),
  adminToken: z.string(),
  etlUrl: z.string(),
  simulatorUrl: z.string(),
  site: z.string(),
  timezone: z.string(),
  filledOn: z.int(),
});
const NOT_STARTED: BrowserSystem = {
  url: "",
  adminToken: "",
  etlUrl: "",
  simulatorUrl: "",
  site: "",
  timezone: "",
  filledOn: 0,
};

/** Waits until the system that all reading groups share is filled. @throws Error where it could not be started */
async function sharedSystem(systemUrl: string): Promise<StartedSystem> {
  const response = await fetch(systemUrl);
  if (!response.ok) throw new Error(await response.text());
  return { system: systemSchema.parse(await response.json()), close: () => Promise.resolve() };
}

/**
 * A group of tests in a browser that only read the system, which other groups use at the same time.
 * Each test must leave the console without errors. Without a Chromium the tests are skipped, and say so.
 */
export function describeInBrowser(name: string, tests: (dashboard: Dashboard) => void): void {
  describeGroup(name, sharedSystem, tests);
}

/** The same for tests that write, on a system of their own. */
export function describeWithOwnSystem(name: string, building: Building, tests: (dashboard: Dashboard) => void): void {
  describeGroup(name, () => startBrowserSystem(building), tests);
}

function describeGroup(
  name: string,
  start: (systemUrl: string) => Promise<StartedSystem>,
  tests: (dashboard: Dashboard) => void,
): void {
  const given = inject("browser");
  const why = given === null ? " (skipped: no Chromium in PATH, and CHROMIUM_PATH is not set)" : "";
  describe.skipIf(given === null)(`${name}${why}`, () => {
    let started: StartedSystem | undefined;
    let pages: KeptPages | undefined;
    let expected: RegExp[] = [];
    beforeAll(async () => {
      started = await start(given!.systemUrl);
      Object.assign(dashboard, started.system);
      pages = await keptPages(given!.wsEndpoint);
    });
    beforeAll(() => bringToToday(dashboard), TO_TODAY_MS);
    afterAll(async () => {
      await started?.close();
    });
    afterEach(async () => {
      const errors = (await pages?.giveBack()) ?? [];
      const unexpected = errors.filter((text) => !expected.some((pattern) => pattern.test(text)));
      expected = [];
      expect(unexpected).toEqual([]);
    });
    const open = async (path: string, options: OpenOptions = {}) => {
      const { theme = "light", viewport = WIDE, before, fresh = false } = options;
      const page = await pages!.take(viewport, theme, fresh);
      await before?.(page);
      await page.goto(`${dashboard.url}${path}`);
      return page;
    };
    const expectConsoleErrors = (pattern: RegExp) => void expected.push(pattern);
    const dashboard: Dashboard = { ...NOT_STARTED, open, expectConsoleErrors };
    tests(dashboard);
  });
}

/** Waits until all earlier requests of the page are recorded: call it before "it did not ask". */
export async function allAskedIsSeen(page: Page): Promise<void> {
  // Requests come in order.
  await page.evaluate("fetch('/health').then((answer) => answer.status)");
}

const violationsSchema = z.array(
  z.object({ id: z.string(), impact: z.string().nullable(), nodes: z.array(z.object({ html: z.string() })) }),
);

/** What axe-core finds wrong with the page as it is, of those that are serious or critical: "rule: element". */
export async function seriousViolations(page: Page): Promise<string[]> {
  // Through the debugger, which the page's policy does not bind.
  await page.evaluate(axe.source);
  // Of what passes it would make a selector for each element, which takes half of its time.
  const found = await page.evaluate("axe.run({ resultTypes: ['violations'] }).then((result) => result.violations)");
  return violationsSchema
    .parse(found)
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
