import { expect, it } from "vitest";
import { describeInBrowser, seriousViolations } from "./dashboard.ts";
import { changed, coverageSchema, figure, HEALTH, loaded, part, qualitySchema, statusSchema } from "./health-page.ts";
import { listenForSpeech } from "./spoken.ts";

const HOUR_MS = 3_600_000;

describeInBrowser("Health's verdict", (dashboard) => {
  it("lists problems first: alerts, errors, suspect days, poor points", async () => {
    const page = await dashboard.open(HEALTH, {
      before: async (fresh) => {
        await changed(fresh, /\/etl\/status/, statusSchema, (answer) => {
          const since = new Date(Date.now() - 2 * HOUR_MS).toISOString();
          answer.alerts.push({ kind: "token_expiry", site: null, since, detail: "the API key expires soon" });
          const site = answer.sites[0]!;
          site.last_runs[0]!.complete = false;
          const error = { at: since, stage: "timeseries", code: "timeout", message: "no answer within 20 s" };
          site.errors.push({ sync_id: "a", ...error }, { sync_id: "b", ...error });
        });
        await changed(fresh, /\/coverage/, coverageSchema, (answer) => {
          answer.days.at(-2)!.cold.state = "suspect";
        });
        await changed(fresh, /\/quality/, qualitySchema, (answer) => {
          const stuck = { score: 0.25, reasons: ["stuck: no change at all for 126 h"] };
          for (const point of answer.points) point.score = 0.9;
          Object.assign(answer.points[0]!, stuck);
          answer.summary.poor = 1;
        });
      },
    });
    await loaded(page);
    const verdict = page.locator(".verdict");
    expect(await verdict.getByRole("heading").textContent()).toBe("The key of the building's API expires");
    expect(await verdict.textContent()).toMatch(/The last sync was not complete.*1 day with a suspect file/);
    expect(await page.getByRole("list", { name: "Active alerts" }).textContent()).toMatch(
      /The API key expires soon\s*since .*, (2 h|1 h 59 min) ago/,
    );
    expect(await page.getByRole("list", { name: /^Last errors/ }).textContent()).toMatch(
      /The building's API did not answer in time, while requesting samples \(2 times\)no answer within 20 s/,
    );
    expect(await page.locator(".run-strip .incomplete").count()).toBe(1);
    const poor = page.locator(".worst-points li").first();
    expect(await poor.textContent()).toMatch(/25\.0%stuck: no change at all for 126 h$/);
    expect(await figure(page, "Data quality", "Poor points")).toBe("1");
    await page.getByRole("button", { name: "Show 5 more" }).click();
    expect(await page.locator(".worst-points li").count()).toBe(10);
    await page.getByRole("button", { name: /: Suspect, / }).waitFor();
    expect(await seriousViolations(page)).toEqual([]);
  });

  it("shows that all is well only after gap detection has run", async () => {
    let look: object | null = null;
    const page = await dashboard.open(HEALTH, {
      before: async (fresh) => {
        await changed(fresh, /\/etl\/status/, statusSchema, (answer) => {
          answer.alerts.length = 0;
          const well = { watermark: answer.now, last_runs: [], gaps: { open: 0, missing_seconds: 0, largest: [] } };
          Object.assign(answer.sites[0]!, { ...well, coverage_24h: look });
        });
        // Leaves out a day that another test fetched with missing hours.
        await changed(fresh, /\/coverage/, coverageSchema, ({ days }) => days.splice(0, days.length - 5));
      },
    });
    await loaded(page);
    const headline = page.locator(".verdict h2");
    expect(await headline.textContent()).toBe("No known problems. Gap detection has not run yet.");
    expect(await page.locator(".status-card.good, .health-none.well").count()).toBe(0);
    const spoken = await listenForSpeech(page);
    look = { until: new Date().toISOString(), fraction: 1, unjudged_points: 0 };
    await page.getByRole("button", { name: "Check now" }).click();
    await headline.getByText("All is well", { exact: true }).waitFor();
    expect(await spoken()).toContain("All is well");
    await part(page, "Open gaps").getByText("No gaps.", { exact: true }).waitFor();
  });
});
