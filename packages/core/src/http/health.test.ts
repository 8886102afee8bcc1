import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { SCHEMA_VERSION } from "../d1/schema-version.ts";
import { Problem } from "../domain/problem.ts";
import { healthResponse } from "./health.ts";

beforeEach(async () => {
  await reset();
});

test("all is well", async () => {
  const DB = await migratedDatabase();
  const response = await healthResponse({}, () => ({ DB, otherDatabases: new Map() }));
  expect(response.status).toBe(200);
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(await response.json()).toEqual({
    status: "ok",
    version: null,
    checks: { settings: { ok: true, detail: "valid" }, schema: { ok: true, detail: `version ${SCHEMA_VERSION}` } },
  });
});

test("a database without migrations", async () => {
  const response = await healthResponse({}, () => ({ DB: env.DB, otherDatabases: new Map() }));
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    status: "failing",
    checks: { settings: { ok: true }, schema: { ok: false, detail: expect.stringContaining("has no schema") } },
  });
});

test("a database of another version", async () => {
  const DB = await migratedDatabase();
  await DB.prepare("UPDATE schema_version SET version = version + 1").run();
  const response = await healthResponse({}, () => ({ DB, otherDatabases: new Map() }));
  expect(response.status).toBe(503);
  const { checks } = await response.json<{ checks: { schema: { detail: string } } }>();
  expect(checks.schema.detail).toContain(`has schema version ${SCHEMA_VERSION + 1}, this code needs ${SCHEMA_VERSION}`);
});

test("a database that does not answer, whose error is not shown", async () => {
  const DB = interceptedDatabase(env.DB, () => Promise.reject(new Error("D1_ERROR: secret detail")));
  const response = await healthResponse({}, () => ({ DB, otherDatabases: new Map() }));
  expect(response.status).toBe(503);
  const text = await response.text();
  expect(text).toContain("did not answer");
  expect(text).not.toContain("secret");
});

test("names invalid settings and the version", async () => {
  const response = await healthResponse({ CF_VERSION_METADATA: { id: "v7" } }, () => {
    throw new Problem("settings_invalid", "ACE_API_KEY: is not set", "ACE_API_KEY");
  });
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({
    status: "failing",
    version: "v7",
    checks: { settings: { ok: false, detail: "ACE_API_KEY: is not set" } },
  });
});

test("a fault of our own is no health", async () => {
  const broken = () => {
    throw new TypeError("broken");
  };
  await expect(healthResponse({}, broken)).rejects.toThrow("broken");
});
