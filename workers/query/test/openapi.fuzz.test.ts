import { fuzzOpenApi } from "@building-vitals/core/test/fuzz-openapi";
import { undocumented } from "@building-vitals/core/test/undocumented";
import { beforeAll, expect, test } from "vitest";
import api from "../../../docs/api.md?raw";
import { settle } from "./settle-days.ts";
import {
  ADMIN_TOKEN,
  call,
  clear,
  migrate,
  OTHER_SITE,
  point,
  setWatermark,
  SITE,
  storePoints,
  storeSamples,
} from "./service.ts";

const DAY = Date.UTC(2025, 9, 12);
const NAMES = ["ses/ahu/temp", "a, b", "°", "off"];

beforeAll(async () => {
  await migrate();
  await clear();
  const ids = await storePoints(
    SITE,
    NAMES.map((name) => point(name, { unit: "°F", tags: { kv: { floor: "2" }, markers: ["temp"] } })),
  );
  const minutes = Array.from({ length: 90 }, (_, i) => i * 60_000);
  await settle(
    minutes.map((ms) => [ids[0]!, DAY + ms, ms / 7]),
    new Map(ids.map((id, i) => [id, NAMES[i]!])),
  );
  await storeSamples(
    minutes.flatMap((ms) => [[ids[0]!, DAY + 86_400_000 + ms, -0] as const, [ids[1]!, DAY + ms, 1e21] as const]),
  );
  await setWatermark(SITE, DAY + 2 * 86_400_000);
});

const STARTS = ["2025-10-12", "2025-10-12T00:30:00Z", String(DAY + 5), "2024-01-01"];
const ENDS = ["2025-10-13", "2025-10-12T01:30:00Z", "2025-10-13T01:00:00-05:00", "2025-10-14"];

test("every answer matches the document, and none is a 5xx", async () => {
  const document = await (await call("/openapi.json")).json();
  const statuses = await fuzzOpenApi(document, {
    call: ({ path, headers, method, body }) =>
      call(path, { CORS_ORIGINS: "https://dash.example.com" }, { ...headers }, method, body),
    bodies: {
      "POST /timeseries/query": {
        site_name: SITE,
        point_names: NAMES,
        bounds: ["2025-10-12", DAY + 86_400_000, "now"],
      },
    },
    known: {
      site: [SITE, SITE, OTHER_SITE],
      site_name: [SITE, SITE, SITE, OTHER_SITE],
      file: ["2025-10-12.parquet", "2025-10-13.parquet"],
      point_names: NAMES,
      points: NAMES,
      start_time: [...STARTS, "now-2d/d", "2025-10-12T00:30"],
      end_time: [...ENDS, "now", "now/h+1h"],
      start: STARTS,
      end: ENDS,
      tz: ["UTC", "Asia/Kathmandu", "Australia/Lord_Howe"],
      search: ["temp", "°"],
      tag: ["floor:2"],
      unit: ["°F"],
      cursor: ["°", "0.5|a", "1760280000000_00000000-0000-0000-0000-000000000000"],
      since: STARTS,
    },
    admin: { authorization: `Bearer ${ADMIN_TOKEN}` },
    runs: 60,
  });
  // The run reached every route, and each gave its successful answer.
  for (const [operation, seen] of Object.entries(statuses))
    expect([operation, seen[200] ?? 0]).not.toEqual([operation, 0]);
  expect(Object.keys(statuses).length).toBe(15);
});

test("docs/api.md lists exactly the document's routes, parameters and codes", async () => {
  const document = await (await call("/openapi.json")).json();
  expect(undocumented(document, "query", api)).toEqual([]);
});
