import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { waitForHealth } from "./health.ts";

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

/** answers in order; the last one repeats */
let answers: Answer[];
let asked: Record<string, unknown>[];
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.headers);
    const { status, body, headers = {} } = answers.length > 1 ? answers.shift()! : answers[0]!;
    response.writeHead(status, headers).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${z.object({ port: z.int() }).parse(server.address()).port}`;
});
afterAll(() => server.close());

const health = (version: string, ok = true): Answer => ({
  status: ok ? 200 : 503,
  body: {
    status: ok ? "ok" : "failing",
    version,
    checks: { schema: { ok, detail: ok ? "version 5" : "the database has schema version 4, this code needs 5" } },
  },
});

async function wait(given: Answer[], waitMs = 60_000, access: { id: string; secret: string } | null = null) {
  answers = given;
  asked = [];
  return waitForHealth(url, "new", waitMs, access, () => Promise.resolve());
}

test("/health is requested until the new version is healthy", async () => {
  const missing = { status: 404, body: "error code: 1042" };
  expect(await wait([missing, health("old"), health("new", false), health("new")])).toBeNull();
  expect(asked).toHaveLength(4);
});

test.each([
  [health("new", false), "it answers 503: schema: the database has schema version 4, this code needs 5"],
  [health("old"), "version old answers, not new"],
  [health("old", false), "version old answers, not new (schema: the database has schema version 4, this code needs 5)"],
  [{ status: 200, body: { hello: "world" } }, "it answers 200 without a health report"],
  [
    { status: 302, body: "", headers: { location: "https://team.cloudflareaccess.com/cdn-cgi/access/login" } },
    "Cloudflare Access is in front of it: set CF_ACCESS_CLIENT_ID and CF_ACCESS_CLIENT_SECRET to a service token",
  ],
])("when the time is over, %j gives the fault", async (answer, fault) => {
  expect(await wait([answer], 0)).toBe(fault);
  expect(asked).toHaveLength(1);
});

test("an address without an answer is a fault", async () => {
  expect(await waitForHealth("http://127.0.0.1:1", null, 0, null)).toMatch(/^nothing answers \(.+\)$/);
});

test("a service token is sent with the request", async () => {
  expect(await wait([health("new")], 0, { id: "the-id", secret: "the-secret" })).toBeNull();
  expect(asked[0]).toMatchObject({ "cf-access-client-id": "the-id", "cf-access-client-secret": "the-secret" });
});
