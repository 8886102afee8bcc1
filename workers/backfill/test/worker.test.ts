import { applyD1Migrations, createExecutionContext, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import worker from "../src/index.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
      /** set by vitest.config.ts */
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}

const SETTINGS = { DB: env.DB, ADMIN_TOKEN: "token", SITES: '[{"name":"a","timezone":"Europe/Berlin"}]' };

async function get(path: string, settings: Record<string, unknown> = SETTINGS): Promise<Response> {
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://backfill.test${path}`);
  return worker.fetch(request, settings, createExecutionContext());
}

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS));

it("tells its health, and the setting at fault", async () => {
  const well = await get("/health");
  expect(well.status).toBe(200);
  expect(await well.json()).toMatchObject({ status: "ok", checks: { schema: { ok: true } } });
  const ill = await get("/health", { ...SETTINGS, ADMIN_TOKEN: undefined });
  expect(ill.status).toBe(503);
  expect(await ill.text()).toContain("ADMIN_TOKEN");
});

it("answers what it does not have yet as not found", async () => {
  const response = await get("/backfill/status");
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "not_found" });
});
