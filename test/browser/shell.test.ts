import { expect, it } from "vitest";
import { describeInBrowser, NARROW, seriousViolations } from "./dashboard.ts";

describeInBrowser("the dashboard's shell", (dashboard) => {
  it("the query Worker's bare address shows it, without foreign resources", async () => {
    const origins = new Set<string>();
    const page = await dashboard.open("/", {
      fresh: true,
      before: async (fresh) => {
        fresh.on("request", (request) => origins.add(new URL(request.url()).origin.replace("null", "data")));
      },
    });
    await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Explore" }).waitFor();
    expect(await page.title()).toBe("Explore · Building Vitals");
    expect([...origins].filter((origin) => origin !== "data")).toEqual([dashboard.url]);
    expect(await page.getByRole("combobox", { name: "Site" }).inputValue()).toBe(dashboard.site);
  });

  it("leaves the API's routes in place, under a strict content policy", async () => {
    const page = await fetch(`${dashboard.url}/`);
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self';/);
    const [script] = /\/assets\/main-[A-Z0-9]+\.js/.exec(await page.text())!;
    const built = await fetch(`${dashboard.url}${script}`);
    expect(built.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    for (const path of ["/sites", "/health", "/etl/status", "/backfill/status"]) {
      const answer = await fetch(`${dashboard.url}${path}`);
      expect([path, answer.status, answer.headers.get("content-type")]).toEqual([
        path,
        200,
        expect.stringMatching(/^application\/json/),
      ]);
    }
    const nothing = await fetch(`${dashboard.url}/nothing`);
    expect([nothing.status, nothing.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
  });

  it("keeps the chosen theme", async () => {
    const page = await dashboard.open("/", { theme: "light" });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.getByRole("button", { name: /^Theme: auto/ }).click();
    expect(await background()).toBe(light);
    await page.getByRole("button", { name: /^Theme: light/ }).click();
    const dark = await background();
    expect(dark).not.toBe(light);
    await page.reload();
    await page.getByRole("button", { name: /^Theme: dark/ }).waitFor();
    expect(await background()).toBe(dark);
  });

  it("asks for a token, rejects a wrong one, and goes on with the right one", async () => {
    dashboard.expectConsoleErrors(/401/);
    const page = await dashboard.open("/", {
      before: (fresh) =>
        fresh.route(/\/(sites|timeseries)/, async (route) => {
          if ((await route.request().headerValue("authorization")) === "Bearer sesame") return route.continue();
          const problem = { type: "about:blank", status: 401, code: "unauthorized", detail: "A token is needed." };
          return route.fulfill({ status: 401, contentType: "application/problem+json", body: JSON.stringify(problem) });
        }),
    });
    const token = page.getByRole("textbox", { name: "Token" });
    await token.fill("wrong");
    await token.press("Enter");
    await page.getByText("That token was not accepted.").waitFor();
    await token.fill("sesame");
    await token.press("Enter");
    await page.getByRole("combobox", { name: "Site" }).waitFor();
    expect(await page.getByRole("dialog").isVisible()).toBe(false);
  });

  it("shows that an address names an unknown site", async () => {
    const page = await dashboard.open("/?site=elsewhere");
    await page.getByText(`There is no site “elsewhere” in this deployment. This is ${dashboard.site}.`).waitFor();
    expect(await page.getByRole("combobox", { name: "Site" }).inputValue()).toBe(dashboard.site);
  });

  it("shows why the sites could not be loaded, and tries again", async () => {
    dashboard.expectConsoleErrors(/503/);
    let isBroken = true;
    const problem = { type: "about:blank", status: 503, code: "database_unavailable", detail: "It rests." };
    const page = await dashboard.open("/", {
      before: (fresh) =>
        fresh.route(/\/sites$/, (route) =>
          isBroken
            ? route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(problem) })
            : route.continue(),
        ),
    });
    await page.getByText("The sites could not be loaded. It rests.").waitFor();
    isBroken = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("combobox", { name: "Site" }).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  it.each(["light", "dark"] as const)("is accessible in the %s theme, wide and narrow", async (theme) => {
    for (const options of [{ theme }, { theme, viewport: NARROW }]) {
      const page = await dashboard.open("/", options);
      await page.getByRole("combobox", { name: "Site" }).waitFor();
      expect(await seriousViolations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(options.viewport?.width ?? 1440);
    }
  });
});
