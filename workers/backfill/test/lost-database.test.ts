import { migratedDatabase, migratedOtherDatabase } from "@building-vitals/core/test/database";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import {
  ADMIN_TOKEN,
  call,
  days,
  OTHER_SITE,
  SITE,
  simulateUpstream,
  status,
  untilEnded,
  watchWorkflow,
} from "./service.ts";

const { DB_1 } = env;
const SITES: unknown = Reflect.get(env, "SITES");
const GONE = "D1_ERROR: this database is gone";

beforeAll(async () => {
  await migratedDatabase();
  await migratedOtherDatabase();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  simulateUpstream();
});
afterAll(() => {
  Reflect.set(env, "DB_1", DB_1);
  Reflect.set(env, "SITES", SITES);
  vi.unstubAllGlobals();
});

it("a lost database fails its sites' days only, and a retry writes them", async () => {
  const sites = JSON.stringify([
    { name: SITE, timezone: "America/Chicago" },
    { name: OTHER_SITE, timezone: "America/Chicago", database: "DB_1" },
  ]);
  Reflect.set(env, "SITES", sites);
  // only the Workflow loses the database, as if after the start
  Reflect.set(env, "DB_1", {
    prepare() {
      throw new Error(GONE);
    },
  });
  await using _ = await watchWorkflow();
  const body = { start_date: "2025-10-01", end_date: "2025-10-02" };
  const asked = { token: ADMIN_TOKEN, body, settings: { DB_1 } };
  expect((await call("POST", "/backfill/start", asked)).status).toBe(202);
  expect(await untilEnded()).toMatchObject({ status: "completed", reason: null });
  const failures = await env.DB.prepare(
    "SELECT s.name, d.outcome, d.reason FROM backfill_days d JOIN sites s ON s.id = d.site_id",
  ).all<{ name: string; outcome: string; reason: string | null }>();
  expect(failures.results.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    ...[1, 2].map(() => ({ name: SITE, outcome: "written", reason: null })),
    ...[1, 2].map(() => ({ name: OTHER_SITE, outcome: "failed", reason: expect.stringContaining(GONE) })),
  ]);

  Reflect.set(env, "DB_1", DB_1);
  expect((await call("POST", "/backfill/retry-failed", { ...asked, body: {} })).status).toBe(202);
  expect(await untilEnded()).toMatchObject({ status: "completed", reason: null });
  expect(await status()).toMatchObject({ sites: [{ site: OTHER_SITE }] });
  for (const site of [SITE, OTHER_SITE]) {
    const [shown] = (await days("2025-10-01", "2025-10-02", site)).sites;
    expect(shown?.summary).toMatchObject({ written: 2 });
  }
});
