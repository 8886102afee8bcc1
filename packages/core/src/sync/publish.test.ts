import { env } from "cloudflare:workers";
import { reset } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import { publishRun } from "./publish.ts";
import { emptySiteResult, type SiteSyncResult, type SyncResult } from "./sync-result.ts";

const kv = env.ETL_STATE;
const START = Date.UTC(2025, 9, 12, 14);
const SYNC_ID = `sync_${START}_abc`;

beforeEach(async () => {
  await reset();
});

function run(...sites: SiteSyncResult[]): SyncResult {
  return { syncId: SYNC_ID, startTime: "2025-10-12T14:00:00.000Z", duration: 2_000, sitesLeft: 0, sites };
}

/** A run that reached all of its sites. */
const whole = (siteCount: number) => ({ siteCount, begun: new Set(["ses_a", "ses_b"]) });

const keys = async () => (await kv.list()).keys.map((key) => key.name);

const good: SiteSyncResult = {
  ...emptySiteResult("ses_a"),
  recordsFetched: 1_000,
  recordsInserted: 600,
  recordsChanged: 10,
  recordsUnchanged: 150,
  recordsFailed: 0,
  recordsRejected: { unconfigured: 200, null: 50 },
  pointsProcessed: 40,
  apiCalls: 3,
  complete: true,
  watermark: new Date(START).toISOString(),
};
const bad: SiteSyncResult = {
  ...emptySiteResult("ses_b"),
  recordsFetched: 100,
  recordsFailed: 100,
  apiCalls: 2,
  incompleteBecause: "error",
  watermark: new Date(START - 3_600_000).toISOString(),
  errors: [
    { stage: "weather", code: "timeout", message: "no answer" },
    { stage: "store", code: "database", message: "the write failed" },
  ],
};

test("one site: the keys and shapes of the older documents", async () => {
  await publishRun(kv, run(good), 412.6, whole(1));
  expect(await keys()).toEqual(["etl:last_sync_timestamp", `etl:metrics:${SYNC_ID}`, `etl:state:${SYNC_ID}`]);
  expect(await kv.get("etl:last_sync_timestamp")).toBe(String(START));
  expect(await kv.get(`etl:state:${SYNC_ID}`, "json")).toEqual({
    syncId: SYNC_ID,
    startTime: "2025-10-12T14:00:00.000Z",
    recordsFetched: 1_000,
    recordsInserted: 600,
    recordsFailed: 0,
    pointsProcessed: 40,
    apiCalls: 3,
    duration: 2_000,
    errors: [],
  });
  expect(await kv.get(`etl:metrics:${SYNC_ID}`, "json")).toEqual({
    syncId: SYNC_ID,
    timestamp: "2025-10-12T14:00:02.000Z",
    duration: 2_000,
    recordsFetched: 1_000,
    recordsInserted: 600,
    recordsFailed: 0,
    pointsProcessed: 40,
    apiCalls: 3,
    errors: 0,
    performance: { samplesPerSecond: 375, avgApiLatency: 413, filteringEfficiency: 0.75 },
  });
});

test("several sites have own timestamps; the global one is the earliest", async () => {
  await publishRun(kv, run(good, bad), 0, whole(2));
  expect(await keys()).toEqual([
    `etl:errors:${SYNC_ID}`,
    "etl:last_sync_timestamp",
    "etl:last_sync_timestamp:ses_a",
    "etl:last_sync_timestamp:ses_b",
    `etl:metrics:${SYNC_ID}`,
    `etl:state:${SYNC_ID}`,
  ]);
  expect(await kv.get("etl:last_sync_timestamp:ses_a")).toBe(String(START));
  expect(await kv.get("etl:last_sync_timestamp:ses_b")).toBe(String(START - 3_600_000));
  expect(await kv.get("etl:last_sync_timestamp")).toBe(String(START - 3_600_000));
  expect(await kv.get(`etl:errors:${SYNC_ID}`, "json")).toEqual({
    syncId: SYNC_ID,
    timestamp: "2025-10-12T14:00:02.000Z",
    duration: 2_000,
    error: "no answer",
    stage: "weather",
    site: "ses_b",
  });
  expect(await kv.get(`etl:state:${SYNC_ID}`, "json")).toMatchObject({
    recordsFetched: 1_100,
    recordsFailed: 100,
    apiCalls: 5,
    errors: [
      { stage: "weather", site: "ses_b", message: "no answer" },
      { stage: "store", site: "ses_b", message: "the write failed" },
    ],
  });
  expect(await kv.get(`etl:metrics:${SYNC_ID}`, "json")).toMatchObject({ errors: 2 });
});

test("a page that could not be written has the older documents' key for 7 days", async () => {
  const about = { reason: "write_failed", stage: "store", error: "the write failed", samples: 100 } as const;
  const page = { window: { start: START - 600_000, end: START }, cursor: null };
  const rejected = { siteId: 1, page, about: { reason: "null", record: "{}" } } as const;
  await publishRun(kv, run(good, bad), 0, whole(2), [rejected, { siteId: 2, page, about }]);
  const [letter, ...others] = (await kv.list({ prefix: "dlq:" })).keys;
  expect([letter?.name, others]).toEqual([`dlq:${SYNC_ID}:0`, []]);
  expect(Math.abs((letter?.expiration ?? 0) - Date.now() / 1000 - 7 * 86_400)).toBeLessThan(60);
  const value = await kv.get(`dlq:${SYNC_ID}:0`, "json");
  expect(value).toEqual({ chunk: 0, error: "the write failed", timestamp: START + 2_000 });
});

test("runs are kept for 30 days, timestamps without limit", async () => {
  const before = Date.now() / 1000;
  await publishRun(kv, run(good, bad), 0, whole(2));
  for (const { name, expiration } of (await kv.list()).keys) {
    if (name.startsWith("etl:last_sync_timestamp")) expect(expiration).toBeUndefined();
    else expect(Math.abs((expiration ?? 0) - before - 30 * 86_400)).toBeLessThan(60);
  }
});

test.each<[string, SiteSyncResult[], number, string[]]>([
  ["a site that never ended a window", [emptySiteResult("ses_a")], 1, []],
  ["one of two that never did", [good, emptySiteResult("ses_b")], 2, ["etl:last_sync_timestamp:ses_a"]],
  ["a run of one of two sites", [good], 2, ["etl:last_sync_timestamp:ses_a"]],
])("%s publishes no timestamp, and leaves the global one", async (_, sites, siteCount, timestamps) => {
  await publishRun(kv, run(...sites), 0, whole(siteCount));
  expect((await keys()).filter((key) => key.startsWith("etl:last_sync_timestamp"))).toEqual(timestamps);
});

test("a run without records or duration divides by nothing", async () => {
  await publishRun(kv, { ...run(emptySiteResult("ses_a")), duration: 0 }, 0, whole(1));
  expect(await kv.get(`etl:metrics:${SYNC_ID}`, "json")).toMatchObject({
    performance: { samplesPerSecond: 0, avgApiLatency: 0, filteringEfficiency: 1 },
  });
});
