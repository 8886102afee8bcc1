import { qualityCondition } from "@building-vitals/core/alerts/conditions";
import { sendAlerts } from "@building-vitals/core/alerts/send-alerts";
import { ACCESS_SETTINGS, stubAccess } from "@building-vitals/core/test/access-assertion";
import { expectOwnPagesOnly, openReadsOf, writesOf } from "@building-vitals/core/test/cross-site";
import { migratedDatabase } from "@building-vitals/core/test/database";
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import worker from "../src/index.ts";
import { ADMIN_TOKEN, call, runCron, SETTINGS, SITE, simulateUpstream } from "./service.ts";

beforeAll(migratedDatabase);
afterEach(() => vi.unstubAllGlobals());

const document = async () => (await call("GET", "/openapi.json")).json();

test("writes take Access assertions of own pages only, tokens from anywhere", async () => {
  simulateUpstream();
  const assertion = await stubAccess();
  const writes = writesOf(await document());
  expect(writes.length).toBeGreaterThan(7);
  await expectOwnPagesOnly(writes, {
    call: async ({ method, path }, headers) =>
      worker.fetch(
        // not JSON, so that an admitted request changes nothing
        new Request<unknown, IncomingRequestCfProperties>(`https://etl.test${path}`, { method, headers, body: "{" }),
        { ...SETTINGS, ...ACCESS_SETTINGS },
        createExecutionContext(),
      ),
    assertion,
    token: ADMIN_TOKEN,
    own: "https://etl.test",
  });
});

test("no answer without a token names a point, after any error", async () => {
  simulateUpstream();
  await call("POST", "/trigger", { token: ADMIN_TOKEN });
  const { results } = await env.DB.prepare("SELECT name FROM points").all<{ name: string }>();
  const names = results.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(10);
  const [id] = results.keys();
  await env.DB.prepare(
    `INSERT INTO gaps (site_id, start, point_id, end, state, cause, detected_at, next_attempt_at)
     SELECT site_id, 0, id, 1, 'open', 'unknown', 0, 0 FROM points LIMIT 1 OFFSET ?1`,
  )
    .bind(id)
    .run();
  const worst = names.map((name) => ({ name, score: 0, reasons: ["stuck"] }));
  const input = { site: SITE, date: "2025-10-12", meanScore: 0, poor: 1, judged: 1, worst };
  const context = { db: env.DB, webhook: null, post: fetch, now: Date.now() };
  await sendAlerts(context, [qualityCondition(input, 1)], [SITE]);
  await runCron("6 * * * *");
  const reads = openReadsOf(await document());
  const answers = await Promise.all(reads.map(async ({ path }) => (await call("GET", path)).text()));
  const text = answers.join("\n");
  expect(text).toContain("the mean quality of 1 points");
  expect(names.filter((name) => text.includes(name))).toEqual([]);
});

test.each([
  ["ADMIN_TOKEN", "local-admin", "ADMIN_TOKEN: must have at least 16 characters in a deployment"],
  ["ADMIN_TOKEN", "an-admin-token\r\nof-tests", "ADMIN_TOKEN: must be of visible ASCII"],
  ["ADMIN_TOKEN", " the-admin-token-of-tests", "ADMIN_TOKEN: must be of visible ASCII"],
  ["ADMIN_TOKEN", "the-ädmin-token-of-tests", "ADMIN_TOKEN: must be of visible ASCII"],
  ["ACE_API_KEY", "a-key\n", "ACE_API_KEY: must be of visible ASCII"],
])("%s %j is refused, named and not quoted", async (name, value, message) => {
  const settings = { [name]: value };
  const health = await (await call("GET", "/health", { settings })).text();
  const answer = await (await call("POST", "/trigger", { token: value.trim().replace(/\W/g, "-"), settings })).text();
  for (const text of [health, answer]) {
    expect(text).toContain(message);
    expect(text).not.toContain(value.slice(0, 10));
  }
});

test("a local run accepts a short token", async () => {
  const settings = { ADMIN_TOKEN: "local-admin", LOCAL_RUN: "1" };
  expect(
    (await call("POST", "/dead-letters/drop", { token: "local-admin", body: { ids: ["1"] }, settings })).status,
  ).toBe(200);
});
