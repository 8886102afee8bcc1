import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** How long a test waits for the page, on a busy machine. */
const PATIENCE_MS = 30_000;
/** The page's events for which tests add listeners. */
const EVENTS = ["request", "requestfailed", "requestfinished", "response", "download"] as const;

export type Theme = "light" | "dark";
export interface Viewport {
  readonly width: number;
  readonly height: number;
}

interface KeptPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** of the viewport; a page of another size needs another context */
  readonly size: string;
  /** closed after its test */
  readonly isFresh: boolean;
  isTaken: boolean;
}

/**
 * The pages of tests that run one after another. A new page costs a process and 2 s of CPU, so a later test gets the
 * page of an earlier one, without its routes, listeners, storage and media. Its HTTP cache remains.
 */
export class KeptPages {
  readonly #browser: Browser;
  #pages: KeptPage[] = [];
  #errors: string[] = [];

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** A blank page for one test until {@link giveBack}. @param isFresh whether it must be a new one */
  async take(viewport: Viewport, theme: Theme, isFresh: boolean): Promise<Page> {
    const size = `${viewport.width}x${viewport.height}`;
    const free = this.#pages.find((one) => !one.isTaken && one.size === size);
    const kept = isFresh || free === undefined ? await this.#open(viewport, size, isFresh) : free;
    kept.isTaken = true;
    await kept.page.emulateMedia({ colorScheme: theme, reducedMotion: null });
    return kept.page;
  }

  /** Takes back all pages and clears them. @returns their console errors and uncaught exceptions */
  async giveBack(): Promise<string[]> {
    const taken = this.#pages.filter(({ isTaken }) => isTaken);
    await Promise.all(taken.map((one) => (one.isFresh ? one.context.close() : this.#clear(one))));
    this.#pages = this.#pages.filter(({ isFresh }) => !isFresh);
    return this.#errors.splice(0);
  }

  async #clear(kept: KeptPage): Promise<void> {
    const { page } = kept;
    for (const event of EVENTS) page.removeAllListeners(event);
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.evaluate("localStorage.clear(); sessionStorage.clear()");
    await page.goto("about:blank");
    await page.mouse.move(0, 0);
    kept.isTaken = false;
  }

  async #open(viewport: Viewport, size: string, isFresh: boolean): Promise<KeptPage> {
    const isPhone = viewport.width < 600;
    const context = await this.#browser.newContext({
      viewport,
      hasTouch: isPhone,
      isMobile: isPhone,
      deviceScaleFactor: 1,
      locale: "en-US",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("console", (message) => {
      if (message.type() === "error") this.#errors.push(`${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => this.#errors.push(String(error)));
    const opened = { page, context, size, isFresh, isTaken: true };
    this.#pages.push(opened);
    return opened;
  }
}

let kept: Promise<KeptPages> | undefined;

/** The pages that all groups of this process share. The browser closes them at the end of the process. */
export function keptPages(wsEndpoint: string): Promise<KeptPages> {
  kept ??= chromium.connect(wsEndpoint).then((browser) => new KeptPages(browser));
  return kept;
}
