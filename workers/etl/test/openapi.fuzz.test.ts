import { migratedDatabase } from "@building-vitals/core/test/database";
import { UPSTREAM_SETTINGS } from "@building-vitals/core/test/simulated-upstream";
import { fuzzOpenApi } from "@building-vitals/core/test/fuzz-openapi";
import { undocumented } from "@building-vitals/core/test/undocumented";
import { env } from "cloudflare:workers";
import { createExecutionContext } from "cloudflare:test";
import { beforeAll, expect, test } from "vitest";
import api from "../../../docs/api.md?raw";
import worker from "../src/index.ts";
import { ADMIN_TOKEN, call, simulateUpstream, SITE } from "./service.ts";

const SETTINGS = {
  ...env,
  ...UPSTREAM_SETTINGS,
  ADMIN_TOKEN,
  SITES: JSON.stringify([{ name: SITE, timezone: "America/Chicago" }]),
  INITIAL_LOOKBACK_HOURS: "1",
};
const DATES = [-3, -1, 0, 1].map((days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10));
const IDS = ["1", "9999999999999999"];

beforeAll(migratedDatabase);

test("every answer matches the document, and none is a 5xx", async () => {
  simulateUpstream(4);
  await call("POST", "/trigger", { token: ADMIN_TOKEN });
  const document = await (await call("GET", "/openapi.json")).json();
  const statuses = await fuzzOpenApi(document, {
    call: async ({ method, path, headers, body }) =>
      worker.fetch(
        new Request<unknown, IncomingRequestCfProperties>(`https://etl.test${path}`, { method, headers, body }),
        SETTINGS,
        createExecutionContext(),
      ),
    known: {
      site: [SITE],
      day: DATES,
      start_date: DATES,
      end_date: DATES,
      ids: IDS,
      // cursors of dead letters, of gaps, of a rebuild
      cursor: ["1", "1760280000000_1_0", "timeseries/2025/10/12/", "timeseries/2026/"],
      from: DATES,
      to: DATES,
    },
    admin: { authorization: `Bearer ${ADMIN_TOKEN}` },
    runs: 25,
    bodies: {
      "POST /trigger": {},
      "POST /settle": {},
      "POST /import": { site: SITE, day: DATES[1] },
      "POST /rollups/rebuild": { start_date: DATES[0], end_date: DATES[1] },
      "POST /rebuild": { site: SITE },
      "POST /gaps/repair": {},
      "POST /sites/{site}/pause": {},
      "POST /sites/{site}/resume": {},
      "POST /dead-letters/replay": { ids: IDS },
      "POST /dead-letters/drop": { ids: IDS },
    },
  });
  for (const [operation, seen] of Object.entries(statuses))
    expect(operation + JSON.stringify(seen)).toMatch(/"20[02]":/);
  expect(Object.keys(statuses).length).toBe(19);
});

test("another method is 405 with the allowed methods; OPTIONS lists them", async () => {
  const response = await call("DELETE", "/trigger");
  expect([response.status, response.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
  expect(await response.json()).toMatchObject({ code: "method_not_allowed", status: 405 });
  const options = await call("OPTIONS", "/status");
  expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
  expect((await call("DELETE", "/nothing")).status).toBe(404);
});

test("docs/api.md lists exactly the document's routes, parameters and codes", async () => {
  const document = await (await call("GET", "/openapi.json")).json();
  expect(undocumented(document, "etl", api)).toEqual([]);
});
