import { ACCESS_SETTINGS, stubAccess } from "@building-vitals/core/test/access-assertion";
import { expectOwnPagesOnly, openReadsOf, writesOf } from "@building-vitals/core/test/cross-site";
import { migratedDatabase } from "@building-vitals/core/test/database";
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import worker from "../src/index.ts";
import { ADMIN_TOKEN, call, clear, post, simulateUpstream, SITE, untilEnded, watchWorkflow } from "./service.ts";

beforeAll(migratedDatabase);
afterEach(() => vi.unstubAllGlobals());

const DAY = "2025-10-12";
const document = async () => (await call("GET", "/openapi.json")).json();

test("writes take Access assertions of own pages only, tokens from anywhere", async () => {
  const assertion = await stubAccess();
  const writes = writesOf(await document());
  expect(writes.length).toBeGreaterThan(4);
  await expectOwnPagesOnly(writes, {
    call: async ({ method, path }, headers) =>
      worker.fetch(
        // not JSON, so that an admitted request changes nothing
        new Request<unknown, IncomingRequestCfProperties>(`https://backfill.test${path}`, {
          method,
          headers,
          body: "{",
        }),
        { ...env, ...ACCESS_SETTINGS },
        createExecutionContext(),
      ),
    assertion,
    token: ADMIN_TOKEN,
    own: "https://backfill.test",
  });
});

test("no answer without a token names a point, even of a failed day", async () => {
  await clear();
  simulateUpstream();
  await using _ = await watchWorkflow();
  await post("/backfill/start", { start_date: DAY, end_date: DAY, sites: [SITE] });
  await untilEnded();
  const { results } = await env.DB.prepare("SELECT name FROM points").all<{ name: string }>();
  const names = results.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(4);
  // the truncated file fails its import
  const { objects } = await env.TIMESERIES.list({ prefix: "timeseries/" });
  const [{ key } = { key: "" }] = objects;
  const bytes = await (await env.TIMESERIES.get(key))!.arrayBuffer();
  await env.TIMESERIES.put(key, bytes.slice(0, bytes.byteLength / 2));
  await post("/backfill/start", { start_date: DAY, end_date: DAY, sites: [SITE], force_restart: true });
  await untilEnded();
  const reads = openReadsOf(await document());
  const ask = async (path: string) =>
    (await call("GET", path === "/backfill/days" ? `${path}?from=${DAY}&to=${DAY}` : path)).text();
  const text = (await Promise.all(reads.map(({ path }) => ask(path)))).join("\n");
  expect(text).toContain(`"date":"${DAY}"`);
  expect(names.filter((name) => text.includes(name))).toEqual([]);
});

test("a deployment refuses a short token and names the setting", async () => {
  const settings = { ADMIN_TOKEN: "local-admin" };
  const health = await call("GET", "/health", { settings });
  expect(health.status).toBe(503);
  expect(await health.text()).toContain("ADMIN_TOKEN: must have at least 16 characters in a deployment");
  expect((await call("GET", "/health", { settings: { ...settings, LOCAL_RUN: "1" } })).status).toBe(200);
});
