import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { z } from "zod";
import { describeInBrowser, seriousViolations } from "./dashboard.ts";
import { charted, exploreAt, inkOf, POWER, spanInAddress } from "./explore-page.ts";
import { axisInk } from "./plot-pixels.ts";

const PROBLEM = {
  type: "about:blank",
  status: 503,
  code: "cold_unavailable",
  detail: "The archive did not answer.",
};

describeInBrowser("Explore in trouble", (dashboard) => {
  it("shows what failed and why, keeps the rest, and tries again", async () => {
    dashboard.expectConsoleErrors(/503/);
    let isBroken = true;
    const page = await dashboard.open(exploreAt([POWER]), {
      before: (fresh) =>
        fresh.route(/\/timeseries\/query/, (route) =>
          isBroken
            ? route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(PROBLEM) })
            : route.continue(),
        ),
    });
    await page.getByText("The chart's data could not be loaded. The archive did not answer.").waitFor();
    // "No samples" would be a different statement.
    expect(await page.locator(".values td").first().textContent()).toBe("not known");
    await page.getByRole("combobox", { name: "Search points" }).click();
    await page.getByRole("listbox", { name: "Points" }).getByRole("option").first().waitFor();
    await page.keyboard.press("Escape");
    isBroken = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await charted(page);
    // A later failure keeps the charted data.
    isBroken = true;
    await page.getByRole("button", { name: "Last 1 h" }).click();
    await page.getByRole("alert").waitFor();
    expect(await inkOf(page)).toBeGreaterThan(0.001);
  });

  it("shows that the server is busy, waits as asked, and shows the chart", async () => {
    dashboard.expectConsoleErrors(/503/);
    let isBusy = true;
    const page = await dashboard.open(exploreAt([POWER]), {
      before: (fresh) =>
        fresh.route(/\/timeseries\/query/, (route) => {
          if (!isBusy) return route.continue();
          const headers = { "retry-after": "1", "content-type": "application/problem+json" };
          return route.fulfill({ status: 503, headers, body: JSON.stringify({ ...PROBLEM, code: "busy" }) });
        }),
    });
    const notice = page.getByText("The server is busy with other queries. This page tries again in a few seconds.");
    await notice.waitFor();
    isBusy = false;
    await charted(page);
    await notice.waitFor({ state: "detached" });
    expect(await inkOf(page)).toBeGreaterThan(0.001);
  });

  it("shows when part of the data could not be read", async () => {
    const page = await dashboard.open(exploreAt([POWER]), {
      before: (fresh) =>
        fresh.route(/\/timeseries\/query/, async (route) => {
          const answer = await (await route.fetch()).text();
          await route.fulfill({
            body: answer.replace('"partial":false', '"partial":true'),
            contentType: "application/json",
          });
        }),
    });
    await page.getByText("Part of the archive could not be read.").waitFor();
    await charted(page);
    expect(await inkOf(page)).toBeGreaterThan(0.001);
  });

  it("shows completeness as unknown for a point without a known cadence", async () => {
    const page = await dashboard.open(exploreAt([POWER]), {
      before: (fresh) =>
        fresh.route(/\/timeseries\/query/, async (route) => {
          const answer = z.looseObject({ metadata: z.looseObject({}) }).parse(await (await route.fetch()).json());
          Object.assign(answer.metadata, { completeness: null, missing: [], unjudged_points: [POWER] });
          await route.fulfill({ json: answer });
        }),
    });
    await charted(page);
    const notes = await page.locator(".data-notes").textContent();
    expect(notes).toContain("completeness unknown: the point has no known cadence");
    expect(notes).not.toMatch(/\d% complete|missing/);
  });

  it("draws the weather under the API's name for its history", async () => {
    const page = await dashboard.open(exploreAt([`ses/${dashboard.site}/weather/temp`]));
    await charted(page);
    expect(await inkOf(page)).toBeGreaterThan(0.001);
  });

  it("shows an empty range without a value axis, and leads to the newest", async () => {
    const page = await dashboard.open(exploreAt([POWER], "&from=2026-03-01T00:00Z&to=2026-03-02T00:00Z"));
    await page.getByRole("heading", { name: "No samples in this range" }).waitFor();
    await page.getByText(/^The newest sample is from \w{3} \d+, 2026, \d\d:\d\d C[SD]T\.$/).waitFor();
    expect(await page.locator(".values td").first().textContent()).toBe("none");
    expect(await page.locator(".missing-note").textContent()).toBe("1 d missing");
    expect(await axisInk(page)).toBe(0);
    expect(await seriousViolations(page)).toEqual([]);
    await page.getByRole("button", { name: "Go there" }).click();
    await expect.poll(() => spanInAddress(page).end).toBeGreaterThan(Date.now() - 2 * 3_600_000);
    expect(spanInAddress(page).end - spanInAddress(page).start).toBe(86_400_000);
    await charted(page);
    expect(await page.getByRole("heading", { name: "No samples in this range" }).count()).toBe(0);
    expect(await inkOf(page)).toBeGreaterThan(0.001);
    expect(await axisInk(page)).toBeGreaterThan(50);
  });

  it("draws nine points of an address, names an unknown tenth and removes it", async () => {
    const answer = z
      .object({ points: z.array(z.object({ name: z.string() })) })
      .parse(await (await fetch(`${dashboard.url}/sites/${dashboard.site}/points?limit=9`)).json());
    const nine = answer.points.map(({ name }) => name);
    expect(nine.length).toBe(9);
    const page = await dashboard.open(exploreAt([...nine.slice(0, 4), "no/such, point", ...nine.slice(4)]));
    await charted(page);
    await page.getByText(`1 point does not exist at ${dashboard.site}: no/such, point`).waitFor();
    expect(await inkOf(page)).toBeGreaterThan(0.001);
    expect(await page.locator(".values tbody tr").count()).toBe(9);
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(await seriousViolations(page)).toEqual([]);
    await page.getByRole("button", { name: "Remove it" }).click();
    await expect.poll(() => new URL(page.url()).searchParams.getAll("point")).toEqual(nine);
    await charted(page);
    expect(await page.getByText("does not exist").count()).toBe(0);
  });

  it("shows when no point of an address exists", async () => {
    dashboard.expectConsoleErrors(/404/);
    const page = await dashboard.open(exploreAt(["no/such/point"]));
    await page.getByText(/The chart's data could not be loaded\..*no\/such\/point/).waitFor();
    await page.getByRole("button", { name: "Remove no/such/point" }).click();
    await expect.poll(() => new URL(page.url()).searchParams.getAll("point")).toEqual([""]);
  });

  it("nothing jumps while the API takes two seconds", async () => {
    const page = await dashboard.open(exploreAt([POWER]), {
      before: (fresh) =>
        fresh.route(/\/(sites|timeseries)/, async (route) => {
          await new Promise((resolve) => setTimeout(resolve, 2000));
          await route.continue().catch(() => {});
        }),
    });
    const chart = page.getByRole("region", { name: "Chart" });
    await chart.waitFor();
    await page.locator(".values td").first().getByText("…", { exact: true }).waitFor();
    const before = (await chart.boundingBox())!;
    await charted(page);
    const after = (await chart.boundingBox())!;
    expect([after.x, after.y, after.width]).toEqual([before.x, before.y, before.width]);
    expect(Math.abs(after.height - before.height)).toBeLessThan(8);
  });

  it("loads less than 100 KB of gzipped script before its first view", async () => {
    const html = await (await fetch(`${dashboard.url}/`)).text();
    const scripts = [...new Set(html.match(/\/assets\/[\w-]+\.js/g))];
    expect(scripts.length).toBeGreaterThan(2);
    const bodies = await Promise.all(
      scripts.map(async (path) => (await fetch(`${dashboard.url}${path}`)).arrayBuffer()),
    );
    const gzipped = bodies.reduce((sum, body) => sum + gzipSync(new Uint8Array(body)).length, 0);
    expect(gzipped).toBeLessThan(100_000);
    // The page must not load more script after its first view either.
    const loaded: string[] = [];
    const page = await dashboard.open("/", {
      fresh: true,
      before: async (fresh) => fresh.on("request", (one) => loaded.push(one.url())),
    });
    await charted(page);
    expect(
      loaded
        .filter((url) => url.endsWith(".js"))
        .map((url) => new URL(url).pathname)
        .sort(),
    ).toEqual(scripts.sort());
  });
});
