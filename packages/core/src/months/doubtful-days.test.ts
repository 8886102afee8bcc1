import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { MonthSite } from "../../test/month-site.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { MemoryEngine } from "../../test/memory-engine.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { rebuildDay } from "../rebuild/rebuild-day.ts";
import { markSuspect } from "../manifest/write-manifest.ts";
import { readAppointedMonth } from "../manifest/write-month-files.ts";
import { parseDay } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { monthOf } from "../domain/month.ts";
import { runMonth } from "./run-month.ts";

// A month build reads files that others read and replace.

const MONTH = monthOf(parseDay("2025-10-01")!);
const DAYS = [1, 2, 17, 31];

let db: D1Database;
let site: MonthSite;
let key: string;

beforeAll(async () => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  db = await migratedDatabase();
});

const filed = preparedStorage(
  async () => {
    site = await MonthSite.of(db, "ses_doubtful", MONTH, ["a", "b"]);
    await site.settleAll(DAYS, (day) => [0, 1].map((point) => [point, HOUR_MS + day, day + point]));
    key = dayFileKey(site.site.name, site.day(17));
  },
  env.TIMESERIES,
  [env.DB],
);

beforeEach(filed);

/** Runs the due build. */
async function build(bucket: R2Bucket): Promise<void> {
  await site.supervise();
  const appointed = (await readAppointedMonth(db, site.site.id))!;
  const about = { db, bucket, site: site.site, keepsFiles: true, now: site.now, beginNext: () => Promise.resolve() };
  await new MemoryEngine().run((steps) => runMonth(steps, { ...about, appointed }));
}

const day = async () => (await readManifestDay(db, site.site.id, site.day(17)))!;

test.each([
  [1, "written"],
  [Number.POSITIVE_INFINITY, "suspect"],
] as const)("a file that arrives damaged %d times is %s", async (times, state) => {
  const before = (await site.query()).lines;
  let damaged = 0;
  const bucket = interceptedBucket(env.TIMESERIES, async (execute, call) => {
    const result = await execute();
    if (call !== `body ${key}` || !(result instanceof ArrayBuffer) || damaged++ >= times) return result;
    const bytes = new Uint8Array(result);
    bytes[bytes.length - 20] = bytes[bytes.length - 20]! ^ 1;
    return result;
  });
  await build(bucket);
  expect(await day()).toMatchObject({ state });
  if (state === "written") expect((await site.query()).lines).toEqual(before);
  expect(await site.row()).toMatchObject({ attempts: state === "written" ? 0 : 1 });
});

test("a day whose next file is put but not published does not become suspect", async () => {
  const sha256 = "f".repeat(64);
  await db
    .prepare("UPDATE day_files SET pending = json_object(?1, 2) WHERE site_id = ?2 AND day = ?3")
    .bind(sha256, site.site.id, site.day(17))
    .run();
  const bytes = await (await env.TIMESERIES.get(key))!.arrayBuffer();
  await env.TIMESERIES.put(key, bytes, { customMetadata: { sha256 } });
  // The same bytes have the same ETag.
  await db.prepare("UPDATE day_files SET etag = 'before' WHERE day = ?1").bind(site.day(17)).run();
  await build(env.TIMESERIES);
  expect(await day()).toMatchObject({ state: "written" });
  // It is retried in an hour, not at once.
  expect(await site.row()).toMatchObject({ file: null, attempts: 1 });
});

test("a rebuilt day is read from its own aggregates, with later points", async () => {
  const before = (await site.query()).lines;
  await build(env.TIMESERIES);
  await db.prepare("DELETE FROM points WHERE id = ?1").bind(site.points[0]!.id).run();
  const { file } = await day();
  await markSuspect(db, { siteId: site.site.id, day: site.day(17), etag: file!.etag }, "a test", site.time);
  const context = { bucket: env.TIMESERIES, now: site.now, newBuild: () => "rebuild", dryRun: false };
  const rebuilt = await rebuildDay(context, { db, id: site.site.id, name: site.site.name }, site.day(17));
  expect(rebuilt).toMatchObject({ outcome: "rebuilt" });
  const isKept = (line: string) => line.startsWith("b ") || line.endsWith(" 17");
  expect((await site.query()).lines).toEqual(before.filter(isKept));
});
