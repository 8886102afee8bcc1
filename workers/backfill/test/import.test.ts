import { migratedDatabase } from "@building-vitals/core/test/database";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { call, clear, post, SITE, simulateUpstream, untilEnded, watchWorkflow } from "./service.ts";

beforeAll(migratedDatabase);
beforeEach(clear);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it("loads day files into the hot level, and lists days without a file", async () => {
  simulateUpstream();
  await using _ = await watchWorkflow();
  const dates = { start_date: "2025-10-01", end_date: "2025-10-02" };
  await post("/backfill/start", { ...dates, sites: [SITE] });
  const { records_processed: records } = await untilEnded();

  const response = await post("/backfill/import-to-d1", {
    site: SITE,
    start_date: "2025-10-01",
    end_date: "2025-10-03",
  });
  expect(response.status).toBe(202);
  const started = await response.json<{ import_id: string }>();
  expect(started).toMatchObject({ status: "started", days: 3 });
  const path = `/backfill/import-to-d1/${started.import_id}`;
  const answer = await vi.waitFor(
    async () => {
      const body = await (await call("GET", path)).json();
      expect(body).toMatchObject({ status: "completed" });
      return body;
    },
    { timeout: 60_000, interval: 50 },
  );
  expect(answer).toEqual({
    status: "completed",
    import_id: started.import_id,
    result: { days_imported: 2, records, not_imported: [{ date: "2025-10-03", state: "missing", reason: null }] },
    reason: null,
  });
  const hot = await env.DB.prepare("SELECT count(*) AS n FROM timeseries_raw WHERE site_name = ?1")
    .bind(SITE)
    .first("n");
  expect(hot).toBe(records);
});

it("an unknown import is a 404", async () => {
  const response = await call("GET", "/backfill/import-to-d1/import_1_abc");
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "not_found" });
});

it.each([
  ["instance.not_found", 404, "not_found"],
  ["(instance.not_found) Provided instance_id does not exist", 404, "not_found"],
  ["workflows.api.error.instance.not_found", 404, "not_found"],
  ["workflows.api.error.internal_server", 503, "engine_unavailable"],
  ["The import import_1_abc was not_found by a proxy", 503, "engine_unavailable"],
])("the engine's error %j for an instance gives %i", async (message, status, code) => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const settings = { BACKFILL: { get: () => Promise.reject(new Error(message)) } };
  const response = await call("GET", "/backfill/import-to-d1/import_1_abc", { settings });
  expect([response.status, await response.json()]).toMatchObject([status, { code }]);
});

it("an error of the status call counts like one of the lookup", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const tell = vi
    .fn<() => Promise<never>>()
    .mockRejectedValueOnce(new Error("(instance.not_found)"))
    .mockRejectedValueOnce("gone");
  const settings = { BACKFILL: { get: () => Promise.resolve({ status: tell }) } };
  const codes = [];
  for (const _ of [1, 2]) {
    const response = await call("GET", "/backfill/import-to-d1/import_1_abc", { settings });
    codes.push((await response.json<{ code: string }>()).code);
  }
  // in production the engine looks the instance up only when asked for its status
  expect(codes).toEqual(["not_found", "engine_unavailable"]);
});

it("takes at most 31 days", async () => {
  const response = await post("/backfill/import-to-d1", {
    site: SITE,
    start_date: "2025-01-01",
    end_date: "2025-02-01",
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "span_too_long", field: "end_date" });
});
