import { migratedDatabase } from "@building-vitals/core/test/database";
import { fuzzOpenApi } from "@building-vitals/core/test/fuzz-openapi";
import { undocumented } from "@building-vitals/core/test/undocumented";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import api from "../../../docs/api.md?raw";
import worker from "../src/index.ts";
import { ADMIN_TOKEN, call, OTHER_SITE, post, SITE } from "./service.ts";

const IMPORT = "import_1795386911_0a1b2c";

/** An engine that accepts every instance and runs none. */
const BACKFILL = {
  create: async ({ id }: { id: string }) => ({ id }),
  get: async (id: string) => {
    if (id !== IMPORT) throw new Error("instance.not_found");
    return { status: async () => ({ status: "complete", output: { days_imported: 1, records: 2, not_imported: [] } }) };
  },
};

beforeAll(async () => {
  await migratedDatabase();
  await readSyncStates(env.DB, [SITE, OTHER_SITE]);
});

test("every answer matches the document, and none is a 5xx", async () => {
  const dates = ["2025-10-01", "2025-10-03", "2025-10-09"];
  const range = { start_date: dates[0], end_date: dates[1] };
  const document = await (await call("GET", "/openapi.json")).json();
  const statuses = await fuzzOpenApi(document, {
    call: async ({ method, path, headers, body }) => {
      const request = new Request<unknown, IncomingRequestCfProperties>(`https://b.test${path}`, {
        method,
        headers,
        body,
      });
      const response = await worker.fetch(request, { ...env, BACKFILL }, createExecutionContext());
      // Otherwise only the first request would start a backfill.
      if (response.status === 202 && path === "/backfill/start") await post("/backfill/cancel");
      return response;
    },
    known: {
      site: [SITE],
      sites: [SITE, OTHER_SITE],
      from: dates.slice(0, 2),
      to: dates.slice(1),
      start_date: dates.slice(0, 2),
      end_date: dates.slice(1),
      id: [IMPORT, "import_1_0"],
    },
    admin: { authorization: `Bearer ${ADMIN_TOKEN}` },
    runs: 40,
    bodies: {
      "POST /backfill/start": range,
      "POST /backfill/plan": range,
      "POST /backfill/retry-failed": range,
      "POST /backfill/import-to-d1": { site: SITE, ...range },
      "POST /delete": { site: SITE, ...range },
    },
  });
  for (const [operation, seen] of Object.entries(statuses))
    expect(operation + JSON.stringify(seen)).toMatch(/"20[02]":/);
  expect(Object.keys(statuses).length).toBe(14);
});

test("docs/api.md lists exactly the document's routes, parameters and codes", async () => {
  const document = await (await call("GET", "/openapi.json")).json();
  expect(undocumented(document, "backfill", api)).toEqual([]);
});
