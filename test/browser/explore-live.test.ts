import { expect, it } from "vitest";
import { z } from "zod";
import { allAskedIsSeen, describeInBrowser } from "./dashboard.ts";
import { charted, exploreAt, nextAnswer, POWER } from "./explore-page.ts";
import { listenForSpeech } from "./spoken.ts";

const answerSchema = z.looseObject({
  series: z.array(z.looseObject({ timestamps: z.array(z.unknown()), values: z.array(z.unknown()) })),
});

describeInBrowser("Explore's live ranges", (dashboard) => {
  it("moves on with the time only while it is live", async () => {
    const page = await dashboard.open(exploreAt([POWER], "&last=1h"), {
      fresh: true,
      before: (fresh) => fresh.clock.install({ time: Date.now() }),
    });
    await charted(page);
    const moved = nextAnswer(page);
    await page.clock.fastForward(61_000);
    await moved;
    await page.getByRole("button", { name: "Live", pressed: true }).click();
    await page.getByRole("button", { name: "Live", pressed: false }).waitFor();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.clock.fastForward(130_000);
    await allAskedIsSeen(page);
    expect(asked.filter((url) => url.includes("/timeseries"))).toEqual([]);
    expect(new URL(page.url()).searchParams.get("live")).toBe("off");
  });

  it("keep the last answer until the next one, without announcing it", async () => {
    let held = Promise.resolve();
    const page = await dashboard.open(exploreAt([POWER], "&last=1h"), {
      fresh: true,
      before: async (fresh) => {
        await fresh.clock.install({ time: Date.now() });
        // A point without samples in the last hour.
        await fresh.route(/\/timeseries\/query/, async (route) => {
          const answer = answerSchema.parse(await (await route.fetch()).json());
          await held;
          for (const series of answer.series) Object.assign(series, { timestamps: [], values: [] });
          await route.fulfill({ json: answer }).catch(() => {});
        });
      },
    });
    const nothing = page.getByRole("heading", { name: "No samples in this range" });
    const value = page.locator(".values td").first();
    const notes = page.locator(".data-notes");
    await nothing.waitFor();
    expect(await value.textContent()).toBe("none");
    const before = await notes.textContent();
    await page.getByRole("button", { name: "Go there" }).waitFor();
    const spoken = await listenForSpeech(page);
    const hold = () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    };
    const release = hold();
    const asked = page.waitForRequest(/\/timeseries\/query/);
    await page.clock.fastForward(61_000);
    await asked;
    expect([await nothing.count(), await value.textContent(), await notes.textContent()]).toEqual([1, "none", before]);
    const moved = nextAnswer(page);
    release();
    await moved;
    await page.locator("section[aria-label=Chart][aria-busy=false]").waitFor();
    expect([await nothing.count(), await value.textContent()]).toEqual([1, "none"]);
    expect(await spoken()).toBe("");

    // The value is not known for another range, and the page announces that it loads.
    const answer = hold();
    await page.getByRole("button", { name: "Last 6 h" }).click();
    await expect.poll(() => value.textContent()).toBe("…");
    expect(await nothing.count()).toBe(0);
    expect(await spoken()).toContain("Loading finer data…");
    // With reduced motion, the loading indicator does not move.
    await page.emulateMedia({ reducedMotion: "reduce" });
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    answer();
    await nothing.waitFor();
  });
});
