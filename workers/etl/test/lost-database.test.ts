import { migratedDatabase, migratedOtherDatabase } from "@building-vitals/core/test/database";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { statsSchema, statusSchema } from "../src/answers.ts";
import { ADMIN_TOKEN, call, LOST_SITE, simulateUpstream, SITE } from "./service.ts";

const OTHER = "ses_omaha";
const LOST_MAIN = {
  SITES: JSON.stringify([
    { name: SITE, timezone: "America/Chicago" },
    { name: OTHER, timezone: "America/Chicago", database: "DB_1" },
  ]),
  DB: LOST_SITE.DB_1,
  DB_1: env.DB_1,
};
/** Answers once, then fails. */
const LOST_MEANWHILE = () => {
  let calls = 0;
  const prepare: D1Database["prepare"] = (sql) => {
    if (calls++ > 0) throw new Error("D1_ERROR: this database is gone");
    return env.DB_1.prepare(sql);
  };
  return { ...LOST_SITE, DB_1: { prepare } };
};

beforeAll(async () => {
  await migratedDatabase();
  await migratedOtherDatabase();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  simulateUpstream();
  await call("POST", "/trigger", { token: ADMIN_TOKEN });
});

async function read(path: string, settings: Record<string, unknown>): Promise<Response> {
  const response = await call("GET", path, { settings });
  expect(response.status).toBe(200);
  return response;
}

describe.each([
  ["does not answer", () => LOST_SITE],
  ["stops answering", LOST_MEANWHILE],
])("one of several databases %s", (_how, settings) => {
  it("/status shows the other sites and lists the unknown ones", async () => {
    const status = statusSchema.parse(await (await read("/status", settings())).json());
    expect(status).toMatchObject({ sites: [{ name: SITE, watermark: expect.any(String) }], alerts: [] });
    expect(status.unknown_sites).toEqual([OTHER]);
  });

  it("/metrics measures the other sites and lists the unknown ones", async () => {
    const text = await (await read("/metrics", settings())).text();
    expect(text).toMatch(new RegExp(`^building_vitals_sync_lag_seconds\\{site="${SITE}"\\} \\d`, "m"));
    expect(text).toContain(`building_vitals_site_known{site="${SITE}"} 1\n`);
    expect(text.split("\n").filter((line) => line.includes(OTHER))).toEqual([
      `building_vitals_site_known{site="${OTHER}"} 0`,
    ]);
  });
});

it("/stats counts the other sites and lists the unknown ones", async () => {
  const stats = statsSchema.parse(await (await read("/stats", LOST_SITE)).json());
  const bytes = stats.database.bytes;
  expect(bytes).toBeGreaterThan(10_000);
  expect(stats).toMatchObject({
    databases: [
      { binding: "DB", bytes },
      { binding: "DB_1", bytes: null },
    ],
    sites: [{ name: SITE }],
    unknown_sites: [OTHER],
  });
});

it("without the main database alerts are unknown, other sites are shown", async () => {
  const status = statusSchema.parse(await (await read("/status", LOST_MAIN)).json());
  expect(status).toMatchObject({ sites: [{ name: OTHER }], unknown_sites: [SITE], alerts: null });
  const metrics = await (await read("/metrics", LOST_MAIN)).text();
  expect(metrics).toContain(`building_vitals_site_known{site="${OTHER}"} 1\n`);
  expect(metrics).not.toContain("alert_active{");
});

it("if every database answers, no site is unknown", async () => {
  const settings = { ...LOST_MAIN, DB: env.DB };
  const status = statusSchema.parse(await (await read("/status", settings)).json());
  expect(status).toMatchObject({ sites: [{ name: SITE }, { name: OTHER }], unknown_sites: [], alerts: [] });
  expect(statsSchema.parse(await (await read("/stats", settings)).json()).unknown_sites).toEqual([]);
});

it.each(["/status", "/stats", "/metrics"])("%s fails if no database answers", async (path) => {
  const response = await call("GET", path, { settings: { DB: LOST_SITE.DB_1 } });
  expect([response.status, await response.json()]).toMatchObject([503, { code: "database_unavailable" }]);
});
