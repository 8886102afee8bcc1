import { newApp } from "@building-vitals/core/http/new-app";
import { requireAccess } from "@building-vitals/core/http/require-access";
import { ACCESS_SETTINGS, stubAccess } from "@building-vitals/core/test/access-assertion";
import { expectOwnPagesOnly } from "@building-vitals/core/test/cross-site";
import { createExecutionContext } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import worker from "../src/index.ts";
import { FORWARDED } from "../src/routes/services.ts";
import { BINDINGS, call, clear, migrate, point, SITE, storePoints } from "./service.ts";

const TOKEN = "the-query-token-of-tests";
const NAME = "PLANTED-POINT/zone 7";

beforeAll(migrate);
beforeEach(async () => {
  await clear();
  await storePoints(SITE, [point(NAME)]);
});
afterEach(() => vi.unstubAllGlobals());

/** A Worker behind a service binding, with the access check of the ETL and backfill Workers. */
function guardedService(): Pick<Fetcher, "fetch"> {
  const { ACCESS_TEAM_DOMAIN: teamDomain, ACCESS_AUD: audience } = ACCESS_SETTINGS;
  const rules = { token: TOKEN, application: { teamDomain, audience }, limiter: undefined };
  const app = newApp();
  app.use(requireAccess(() => rules, "ADMIN_TOKEN"));
  app.all("*", (context) => context.text("in"));
  return { fetch: async (input: RequestInfo | URL, init?: RequestInit) => app.fetch(new Request(input, init)) };
}

test("a forwarded write takes an Access assertion from its own pages only", async () => {
  const assertion = await stubAccess();
  const service = guardedService();
  const writes = FORWARDED.filter(([, method]) => method !== "GET").map(([, method, path]) => ({ method, path }));
  expect(writes.length).toBeGreaterThan(6);
  await expectOwnPagesOnly(writes, {
    call: async ({ method, path }, headers) =>
      worker.fetch(
        new Request<unknown, IncomingRequestCfProperties>(`https://query.test${path}`, { method, headers, body: "{" }),
        { ...BINDINGS, ETL: service, BACKFILL: service },
        createExecutionContext(),
      ),
    assertion,
    token: TOKEN,
    own: "https://query.test",
  });
});

test("without the token, no read and no error names a point", async () => {
  const settings = { QUERY_TOKEN: TOKEN };
  const documentSchema = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });
  const { paths } = documentSchema.parse(await (await call("/openapi.json", settings)).json());
  const reads = Object.entries(paths).flatMap(([path, methods]) => ("get" in methods ? [path] : []));
  const now = Date.now();
  const parameters = {
    site_name: SITE,
    start_time: String(now - 86_400_000),
    end_time: String(now),
    search: "PLANTED",
  };
  const query = new URLSearchParams(parameters).toString();
  const open: string[] = [];
  for (const read of reads) {
    const answer = await call(`${read.replace("{site}", SITE).replace("{day}", "2025-10-12")}?${query}`, settings);
    expect(await answer.text(), read).not.toContain("PLANTED");
    if (answer.status !== 401) open.push(read);
  }
  expect(open.sort()).toEqual(["/docs", "/health", "/openapi.json"]);
  // with the token the same address names the point
  const headers = { authorization: `Bearer ${TOKEN}` };
  expect(await (await call(`/sites/${SITE}/points`, settings, headers)).text()).toContain("PLANTED");
});

test("QUERY_TOKEN is long in a deployment, of any length in a local run", async () => {
  const short = { QUERY_TOKEN: "sesame" };
  const health = await call("/health", short);
  expect(await health.text()).toContain("QUERY_TOKEN: must have at least 16 characters in a deployment");
  expect((await call("/health", { ...short, LOCAL_RUN: "1" })).status).toBe(200);
});
