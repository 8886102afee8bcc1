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
  /** called before the page loads, to install routes */
  readonly before?: (page: Page) => Promise<unknown>;
  /** a new page with an empty cache, for tests that set its clock or count the requests of a first visit */
  readonly fresh?: boolean;
}

/** What a group of tests is given. The system's properties can be read only within tests. */
export interface Dashboard extends BrowserSystem {
  /** Opens a page, such as `/?view=explore`. */
  open(path: string, options?: OpenOptions): Promise<Page>;
  /** Console errors that a test causes on purpose, for example by failing requests. */
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

/** Waits until the system that all reading groups share is filled. @throws Error if it could not be started */
async function sharedSystem(systemUrl: string): Promise<StartedSystem> {
  const response = await fetch(systemUrl);
  if (!response.ok) throw new Error(await response.text());
  return { system: systemSchema.parse(await response.json()), close: () => Promise.resolve() };
}

/**
 * A group of browser tests that only read the system, which other groups use at the same time. Each test must leave the
 * console without errors. Without a Chromium the tests are skipped, and their title says so.
 */
export function describeInBrowser(name: string, tests: (dashboard: Dashboard) => void): void {
  describeGroup(name, sharedSystem, tests);
}

/** Like {@link describeInBrowser}, for tests that write, on their own system. */
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

/**
 * Waits until all earlier requests of the page are recorded. Call it before asserting that the page sent no request.
 */
export async function allAskedIsSeen(page: Page): Promise<void> {
  // Requests arrive in order.
  await page.evaluate("fetch('/health').then((answer) => answer.status)");
}

const violationsSchema = z.array(
  z.object({ id: z.string(), impact: z.string().nullable(), nodes: z.array(z.object({ html: z.string() })) }),
);

/** The serious or critical findings of axe-core on the page in its state: "rule: element". */
export async function seriousViolations(page: Page): Promise<string[]> {
  // Through the debugger, which the page's content security policy does not restrict.
  await page.evaluate(axe.source);
  // Without `resultTypes`, axe-core builds a selector for each element that passes, which takes half of its time.
  const found = await page.evaluate("axe.run({ resultTypes: ['violations'] }).then((result) => result.violations)");
  return violationsSchema
    .parse(found)
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
