import type { Page } from "playwright-core";

/** Records what a screen reader would announce by itself. @returns a function that reads all announcements since */
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
