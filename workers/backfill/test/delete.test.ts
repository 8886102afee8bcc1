import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import { migratedDatabase } from "@building-vitals/core/test/database";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { call, clear, days, keys, post, SITE } from "./service.ts";

const DAY = "2025-10-12";
const KEY = `timeseries/2025/10/12/${SITE}.parquet`;
const KV_KEY = `backfill:day:20251012:${SITE}`;

beforeAll(migratedDatabase);
beforeEach(async () => {
  await clear();
  const { siteId } = (await readSyncStates(env.DB, [SITE])).get(SITE)!;
  await env.DB.batch([
    env.DB.prepare("INSERT INTO sync_state (site_id, watermark, updated_at) VALUES (?1, ?2, 0)").bind(
      siteId,
      Date.parse("2025-11-01"),
    ),
    env.DB.prepare(
      `INSERT INTO day_files (site_id, day, state, key, etag, sha256, bytes, rows, points, source, generation, updated_at)
       VALUES (?1, ?2, 'written', ?3, 'e', 's', 1, 1, 1, 'api', 1, 0)`,
    ).bind(siteId, Date.parse(DAY) / 86_400_000, KEY),
  ]);
  await env.TIMESERIES.put(KEY, "x");
  await env.ETL_STATE.put(KV_KEY, "{}");
});

const RANGE = { site: SITE, start_date: DAY, end_date: DAY };

test("a range is deleted in D1, R2 and KV, audited, and shown as deleted", async () => {
  const response = await post("/delete", RANGE);
  expect(await response.json()).toEqual({
    site: SITE,
    days: [{ date: DAY, outcome: "deleted", reason: null }],
    next_date: null,
  });
  expect([await keys(""), await env.ETL_STATE.get(KV_KEY)]).toEqual([[], null]);
  const shown = await days(DAY, DAY, SITE);
  expect(shown.sites[0]?.summary).toMatchObject({ deleted: 1, written: 0, missing: 0 });
  const audited = await env.DB.prepare("SELECT request, parameters, status FROM audit").all();
  expect(audited.results).toEqual([{ request: "POST /delete", parameters: JSON.stringify(RANGE), status: 200 }]);
});

test.each([
  ["without a token", RANGE, undefined, 401, "unauthorized"],
  ["of days that a sync fetches again", { ...RANGE, end_date: "2025-10-31" }, undefined, 400, "invalid_request"],
  ["of a range and a point at once", { ...RANGE, point: "a" }, undefined, 400, "invalid_request"],
  ["of a whole site that is not paused", { site: SITE, everything: true }, undefined, 409, "site_not_paused"],
  ["of an unknown point", { site: SITE, point: "a" }, undefined, 404, "unknown_point"],
  [
    "during a backfill",
    RANGE,
    "INSERT INTO backfill_jobs (backfill_id, status, start_day, end_day, started_at, updated_at) VALUES ('b', 'in_progress', 1, 1, 0, 0)",
    409,
    "backfill_in_progress",
  ],
] as const)("a deletion %s is refused, and deletes nothing", async (_, body, before, status, code) => {
  if (before !== undefined) await env.DB.exec(before);
  const response = status === 401 ? await call("POST", "/delete", { body }) : await post("/delete", body);
  expect([response.status, (await response.json<{ code: string }>()).code]).toEqual([status, code]);
  expect(await keys("")).toEqual([KEY]);
});
