import type { Page } from "playwright-core";

/** Listens to what a screen reader would say by itself. @returns asks for all that was said since */
export async function listenForSpeech(page: Page): Promise<() => Promise<string>> {
  await page.evaluate(() => {
    document.body.dataset["spoken"] = "";
    new MutationObserver((records) => {
      for (const { target } of records) {
        const element = target instanceof Element ? target : target.parentElement;
        const words = element?.closest("[aria-live], [role=status], [role=alert]")?.textContent ?? "";
        document.body.dataset["spoken"] = `${document.body.dataset["spoken"]}${words}`;
      }
    }).observe(document.querySelector("main")!, { childList: true, characterData: true, subtree: true });
  });
  return () => page.evaluate(() => document.body.dataset["spoken"]!);
}
