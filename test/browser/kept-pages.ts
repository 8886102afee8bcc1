import type { Browser, BrowserContext, Page } from "playwright-core";

/** How long the page may take to show what a test waits for, on a busy machine. */
const PATIENCE_MS = 30_000;
/** What tests listen to. */
const EVENTS = ["request", "requestfailed", "requestfinished", "response", "download"] as const;

export type Theme = "light" | "dark";
export interface Viewport {
  readonly width: number;
  readonly height: number;
}

interface KeptPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** of the viewport; a page with another one has another context */
  readonly size: string;
  /** closed after its test */
  readonly isFresh: boolean;
  isTaken: boolean;
}

/**
 * The pages of a group of tests. A new page costs a process and 2 s of CPU, so a later test gets the page of an
 * earlier one, without its routes, listeners, storage and media. Its HTTP cache remains, as a returning visitor's does.
 */
export class KeptPages {
  readonly #browser: Browser;
  readonly #onError: (text: string) => void;
  #pages: KeptPage[] = [];

  /** @param onError is told what pages write to the console as errors, and what they throw */
  constructor(browser: Browser, onError: (text: string) => void) {
    this.#browser = browser;
    this.#onError = onError;
  }

  /** A blank page that nobody else has until {@link giveBack}. @param isFresh whether it must be a new one */
  async take(viewport: Viewport, theme: Theme, isFresh: boolean): Promise<Page> {
    const size = `${viewport.width}x${viewport.height}`;
    const free = this.#pages.find((one) => !one.isTaken && one.size === size);
    const kept = isFresh || free === undefined ? await this.#open(viewport, size, isFresh) : free;
    kept.isTaken = true;
    await kept.page.emulateMedia({ colorScheme: theme, reducedMotion: null });
    return kept.page;
  }

  /** Takes back all pages, and clears them. What they still ask for is aborted. */
  async giveBack(): Promise<void> {
    const taken = this.#pages.filter(({ isTaken }) => isTaken);
    await Promise.all(taken.map((one) => (one.isFresh ? one.context.close() : this.#clear(one))));
    this.#pages = this.#pages.filter(({ isFresh }) => !isFresh);
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
      if (message.type() === "error") this.#onError(`${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => this.#onError(String(error)));
    const kept = { page, context, size, isFresh, isTaken: true };
    this.#pages.push(kept);
    return kept;
  }
}
