import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { call, migrate, problemOf, SITE, SITES } from "./service.ts";

const PATHS = ["/sites", `/sites/${SITE}/points`, `/sites/${SITE}/latest`, "/timeseries/query", "/nothing/here"];

test("a database without a schema: /health states the fix, a query is 503", async () => {
  const settings = { DB: env.DB_EMPTY };
  const health = await call("/health", settings);
  expect(health.status).toBe(503);
  expect(await health.json()).toEqual({
    status: "failing",
    version: null,
    checks: {
      settings: { ok: true, detail: "valid" },
      schema: { ok: false, detail: expect.stringMatching(/has no schema.*apply the migrations/) },
    },
  });
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await problemOf(await call("/sites", settings))).toMatchObject({ status: 503, code: "database_unavailable" });
  expect(log.mock.calls).toEqual([[expect.stringContaining("no such table")]]);
  log.mockRestore();
});

describe("with a schema", () => {
  beforeAll(migrate);

  test("/health is 200", async () => {
    const health = await call("/health");
    expect([health.status, await health.json()]).toEqual([
      200,
      {
        status: "ok",
        version: null,
        checks: {
          settings: { ok: true, detail: "valid" },
          schema: { ok: true, detail: expect.stringMatching(/^version /) },
        },
      },
    ]);
  });

  test("reads write nothing: a query does not create its site", async () => {
    expect((await call("/sites")).status).toBe(200);
    expect((await call(`/sites/${SITE}/latest`)).status).toBe(200);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM sites").first("n")).toBe(0);
  });

  describe.each<[string, Record<string, unknown>, string]>([
    ["SITES is not set", { SITES: undefined }, "SITES"],
    ["SITES is not JSON", { SITES: "[{" }, "SITES"],
    ["SITES is empty", { SITES: "[]" }, "SITES"],
    ["SITES with a bad zone", { SITES: '[{"name":"a","timezone":"Mars/Olympus"}]' }, "SITES"],
    ["SITES names a site twice", { SITES: JSON.stringify([...JSON.parse(SITES), ...JSON.parse(SITES)]) }, "SITES"],
    ["DB is not bound", { DB: undefined }, "DB"],
    ["QUERY_TOKEN is empty", { QUERY_TOKEN: "" }, "QUERY_TOKEN"],
    ["ADMIN_TOKEN is not set", { ADMIN_TOKEN: undefined }, "ADMIN_TOKEN"],
  ])("%s", (_, settings, name) => {
    test.each(PATHS)("%s is a 500 that names it", async (path) => {
      const problem = await problemOf(await call(path, settings));
      expect(problem).toMatchObject({ status: 500, code: "settings_invalid", field: name });
      expect(problem.detail).toMatch(new RegExp(`^${name}\\b`));
    });

    test("/health is a 503 that names it", async () => {
      const health = await call("/health", settings);
      const detail = expect.stringMatching(new RegExp(`^${name}\\b`));
      expect(health.status).toBe(503);
      expect(await health.json()).toEqual({
        status: "failing",
        version: null,
        checks: { settings: { ok: false, detail } },
      });
    });
  });

  describe("QUERY_TOKEN set", () => {
    const settings = { QUERY_TOKEN: "open-sesame-of-tests" };

    test.each<[string, Record<string, string>]>([
      ["no header", {}],
      ["another token", { authorization: "Bearer sesame" }],
      ["a prefix of the token", { authorization: "Bearer open" }],
      ["no token", { authorization: "Bearer " }],
      ["another scheme", { authorization: "Basic open-sesame-of-tests" }],
    ])("401: %s", async (_, headers) => {
      for (const path of PATHS) {
        const response = await call(path, { QUERY_TOKEN: "open-sesame-of-tests" }, headers);
        expect(response.headers.get("www-authenticate")).toBe("Bearer");
        const problem = await problemOf(response);
        expect(problem).toMatchObject({ status: 401, code: "unauthorized" });
        expect(problem.detail).not.toContain("sesame");
      }
    });

    test("the right token passes, with any case of the scheme", async () => {
      for (const scheme of ["Bearer", "bearer"]) {
        const headers = { authorization: `${scheme} open-sesame-of-tests` };
        const statuses = PATHS.map(
          async (path) => (await call(path, { QUERY_TOKEN: "open-sesame-of-tests" }, headers)).status,
        );
        expect(await Promise.all(statuses)).toEqual([200, 200, 200, 400, 404]);
      }
    });

    test("/health needs no token", async () => {
      expect((await call("/health", settings)).status).toBe(200);
    });
  });

  test("without QUERY_TOKEN no read needs a token", async () => {
    expect((await call("/sites")).status).toBe(200);
  });
});
