import { recordAudit, readAudit } from "@building-vitals/core/http/audit-store";
import { emptyDatabase, migratedDatabase } from "@building-vitals/core/test/database";
import { interceptedDatabase } from "@building-vitals/core/d1/intercepted-database";
import { clientRequest } from "@building-vitals/core/test/client-request";
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import worker from "../src/index.ts";
import { ADMIN_TOKEN, call, runCron, SETTINGS, SITE, simulateUpstream } from "./service.ts";

beforeAll(migratedDatabase);
beforeEach(emptyDatabase);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const entries = () => readAudit(env.DB, 0, 100);

test("every POST with the token leaves one entry, with any result", async () => {
  simulateUpstream();
  const { paths } = await (await call("GET", "/openapi.json")).json<{ paths: Record<string, { post?: unknown }> }>();
  const posts = Object.entries(paths).flatMap(([path, { post }]) => (post === undefined ? [] : [path]));
  expect(posts.length).toBeGreaterThan(7);
  for (const path of posts) {
    const address = path.replace("{site}", SITE);
    const { status } = await call("POST", address, { token: ADMIN_TOKEN });
    const [newest] = await entries();
    expect(newest).toMatchObject({ request: `POST ${address}`, status, worker: "etl" });
    expect(newest?.who).toEqual({ kind: "token", name: "ADMIN_TOKEN" });
  }
  expect(await entries()).toHaveLength(posts.length);
});

test("an entry has time, request, parameters and result", async () => {
  simulateUpstream();
  const before = Date.now();
  await call("POST", "/trigger", { token: ADMIN_TOKEN, body: { site: SITE } });
  await call("POST", "/trigger", { token: ADMIN_TOKEN, body: { site: "nowhere" } });
  await call("POST", "/trigger", { token: ADMIN_TOKEN, body: { place: SITE } });
  const [invalid, unknown, done] = await entries();
  expect(done).toMatchObject({ request: "POST /trigger", parameters: { site: SITE }, status: 200, code: null });
  expect(done?.at).toBeGreaterThanOrEqual(before);
  expect(done?.durationMs).toBeGreaterThanOrEqual(0);
  expect(unknown).toMatchObject({ parameters: { site: "nowhere" }, status: 404, code: "unknown_site" });
  expect(invalid).toMatchObject({ parameters: {}, status: 400, code: "invalid_request" });
});

test("reads and refused attempts leave no entry", async () => {
  for (const [method, path] of [
    ["GET", "/gaps"],
    ["GET", "/dead-letters"],
    ["GET", "/status"],
  ] as const) {
    expect((await call(method, path, { token: ADMIN_TOKEN })).status).toBe(200);
  }
  expect((await call("POST", "/trigger")).status).toBe(401);
  expect((await call("POST", "/trigger", { token: "wrong" })).status).toBe(401);
  expect(await entries()).toEqual([]);
});

test("a failed audit write is logged and does not change the answer", async () => {
  simulateUpstream();
  const errors = vi.spyOn(console, "error").mockImplementation(() => undefined);
  await env.DB.prepare("ALTER TABLE audit RENAME TO no_audit").run();
  const answer = await call("POST", "/trigger", { token: ADMIN_TOKEN, body: { site: SITE } });
  await env.DB.prepare("ALTER TABLE no_audit RENAME TO audit").run();
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ sites: [{ site: SITE, complete: true }] });
  const line = errors.mock.calls.map(([text]) => String(text)).find((text) => text.includes("audit_failed"));
  expect(JSON.parse(line ?? "")).toMatchObject({ request: "POST /trigger", status: 200, who: "ADMIN_TOKEN" });
});

test("an audit write that hangs does not delay the answer", async () => {
  const realTimeout = setTimeout;
  vi.stubGlobal("setTimeout", (run: () => void, ms: number) => realTimeout(run, ms === 3_000 ? 0 : ms));
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  let isHandled = false;
  vi.spyOn(console, "log").mockImplementation((text: string) => {
    isHandled ||= text.includes("manual_write_ended");
  });
  const DB = interceptedDatabase(env.DB, async (execute) => {
    if (isHandled) await held;
    return execute();
  });
  const body = { reason: "null" };
  const request = clientRequest("POST", "https://etl.test/dead-letters/drop", { token: ADMIN_TOKEN, body });
  const context = createExecutionContext();
  const answer = await worker.fetch(request, { ...SETTINGS, DB }, context);
  expect([answer.status, await entries()]).toEqual([200, []]);
  release();
  await waitOnExecutionContext(context);
  expect(await entries()).toHaveLength(1);
});

test("a secret in a parameter is not stored", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await call("POST", "/trigger", { token: ADMIN_TOKEN, body: { site: `x ${ADMIN_TOKEN} x` } });
  expect((await entries())[0]?.parameters).toEqual({ site: "x [secret] x" });
  expect(JSON.stringify(log.mock.calls)).not.toContain(ADMIN_TOKEN);
});

test("a manual write is logged at its start and its end", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await call("POST", "/dead-letters/drop", { token: ADMIN_TOKEN, body: { reason: "null" } });
  const lines = log.mock.calls.map(([text]) => String(text)).filter((text) => text.includes("manual_write"));
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { event: "manual_write", request: "POST /dead-letters/drop", who: "ADMIN_TOKEN" },
    { event: "manual_write_ended", status: 200, parameters: '{"reason":"null"}' },
  ]);
});

test("the daily cron deletes entries after 400 days", async () => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  const day = 86_400_000;
  const now = Date.now();
  const entry = { who: { kind: "token", name: "ADMIN_TOKEN" }, worker: "etl", request: "POST /trigger" } as const;
  const rest = { parameters: {}, status: 200, code: null, durationMs: 1 };
  for (const [id, age] of [
    ["old", 401],
    ["kept", 399],
  ] as const) {
    await recordAudit(env.DB, { at: now - age * day, id, ...entry, ...rest });
  }
  await runCron("21 3 * * *");
  expect((await entries()).map(({ id }) => id)).toEqual(["kept"]);
});
