import { beforeAll, describe, expect, test } from "vitest";
import { BINDINGS, problemOf } from "./service.ts";
import { createExecutionContext } from "cloudflare:test";
import { migratedDatabase } from "@building-vitals/core/test/database";
import worker from "../src/index.ts";

/** Records its requests, and answers like a Worker that requires a token. */
class Service {
  readonly asked: { method: string; url: string; authorization: string | null; body: string }[] = [];

  async fetch(request: Request): Promise<Response> {
    const { method, url, headers } = request;
    this.asked.push({ method, url, authorization: headers.get("authorization"), body: await request.text() });
    const answer = { "content-type": "application/problem+json", "www-authenticate": "Bearer", "x-of": "the service" };
    return new Response('{"code":"unauthorized"}', { status: 401, headers: answer });
  }
}

async function call(
  path: string,
  init: RequestInit<IncomingRequestCfProperties>,
  services: Record<string, unknown>,
): Promise<Response> {
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://query.test${path}`, init);
  const settings = { ...BINDINGS, QUERY_TOKEN: "sesame-of-the-tests", ...services };
  return worker.fetch(request, settings, createExecutionContext());
}

beforeAll(async () => {
  await migratedDatabase();
});

describe("requests of the dashboard to the other Workers", () => {
  test.each([
    ["GET", "/etl/status", "ETL", "/status"],
    ["GET", "/etl/health", "ETL", "/health"],
    ["GET", "/etl/dead-letters?site=a%2Fb&limit=5", "ETL", "/dead-letters?site=a%2Fb&limit=5"],
    ["POST", "/etl/trigger", "ETL", "/trigger"],
    ["GET", "/etl/gaps?site=a&state=open", "ETL", "/gaps?site=a&state=open"],
    ["GET", "/backfill/health", "BACKFILL", "/health"],
    ["GET", "/backfill/days?from=2025-01-01", "BACKFILL", "/backfill/days?from=2025-01-01"],
    ["POST", "/backfill/start", "BACKFILL", "/backfill/start"],
  ])("%s %s goes to %s as %s, and the answer is unchanged", async (method, path, binding, there) => {
    const service = new Service();
    const body = method === "POST" ? '{"site":"a"}' : null;
    const headers = { authorization: "Bearer admin" };
    const answer = await call(path, { method, headers, body }, { [binding]: service });
    expect(service.asked).toEqual([
      { method, url: `https://query.test${there}`, authorization: "Bearer admin", body: body ?? "" },
    ]);
    expect([answer.status, answer.headers.get("x-of"), await answer.text()]).toEqual([
      401,
      "the service",
      '{"code":"unauthorized"}',
    ]);
  });

  test.each([
    ["GET", "/etl/openapi.json"],
    ["GET", "/etl/metrics"],
    ["GET", "/etl"],
    ["POST", "/etl/archive"],
    ["GET", "/etl/gaps/repair"],
    ["POST", "/etl/rollups/rebuild"],
    ["GET", "/etl/../status"],
    ["GET", "/etl/status/"],
    ["GET", "/backfill/import-to-d1/1"],
  ])("%s %s is not forwarded", async (method, path) => {
    const service = new Service();
    const headers = { authorization: "Bearer sesame-of-the-tests" };
    const answer = await call(path, { method, headers }, { ETL: service, BACKFILL: service });
    expect([answer.status, service.asked]).toEqual([404, []]);
  });

  test("a method that is not forwarded is refused here", async () => {
    const service = new Service();
    const answer = await call(
      "/etl/trigger",
      { headers: { authorization: "Bearer sesame-of-the-tests" } },
      { ETL: service },
    );
    expect([answer.status, answer.headers.get("allow"), service.asked]).toEqual([405, "POST, OPTIONS", []]);
  });

  test("a service without a binding is a problem that names it", async () => {
    const problem = await problemOf(await call("/backfill/status", {}, { ETL: new Service() }));
    expect(problem).toMatchObject({ status: 404, code: "not_found" });
    expect(problem.detail).toContain("BACKFILL");
  });
});
