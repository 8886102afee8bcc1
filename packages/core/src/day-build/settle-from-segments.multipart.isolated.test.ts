import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type CrashKind, CrashPoint } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { newPoints, newSite, pointSamples } from "../../test/points.ts";
import { queriedDay } from "../../test/queried-day.ts";
import { SmallParts } from "../../test/small-parts.ts";
import { dayRows, keysOf } from "../../test/stored-day.ts";
import { DAY_MS, dayStart } from "../domain/day.ts";
import { upsertSamples } from "../../test/store.ts";
import { settleFromSegments } from "./settle-from-segments.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { sweepStaging } from "../r2/staging.ts";

await vi.hoisted(() => import("../../test/module-factories.ts"));
// parts of a few hundred bytes, so that the file of a small day has many
vi.mock(import("../r2/multipart-sink.ts"), async (original) => {
  const real = await original();
  class SmallSink extends real.MultipartSink {
    constructor(bucket: ConstructorParameters<typeof real.MultipartSink>[0], key: string) {
      super(bucket, key, 300);
    }
  }
  return { ...real, MultipartSink: SmallSink };
});

const DAY = 20_373;
const START = dayStart(DAY);
/** later than the real clock, by which R2 dates what is staged */
const now = () => Date.now() + 3 * DAY_MS;
const parts = new SmallParts(env.TIMESERIES);
let builds = 0;
const newBuild = () => `build-${builds++}`;

let db: D1Database;
let site: { id: number; name: string };
/** of 12 points, two row groups */
let samples: [id: number, time: number, value: number][];
/** the expected result of a query at any time */
let lines: string[];
beforeAll(async () => {
  db = await migratedDatabase();
  site = { name: "ses_parts", id: await newSite(db, "ses_parts") };
  const names = Array.from({ length: 12 }, (_, i) => `p${i}`);
  const ids = await newPoints(db, site.id, names);
  samples = names.flatMap((_, i) =>
    [0, 1, 2].map((n): [number, number, number] => {
      return [ids[i]!, START + n * 60_000 + i, i * 0.1 + n];
    }),
  );
  lines = names.flatMap((name, i) => [0, 1, 2].map((n) => `${name} ${START + n * 60_000 + i} ${i * 0.1 + n}`)).sort();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});

async function reset(): Promise<void> {
  await db.exec(
    "DELETE FROM segments; DELETE FROM block_latest; DELETE FROM day_files; DELETE FROM block_days; UPDATE points SET first_seen = NULL, last_seen = NULL",
  );
  const keys = await keysOf(env.TIMESERIES, "");
  if (keys.length > 0) await env.TIMESERIES.delete(keys);
  parts.uploads.length = 0;
  await upsertSamples(db, pointSamples(samples));
}

const query = () => queriedDay(db, env.TIMESERIES, { site, day: DAY });
const settle = (crash: CrashPoint) =>
  settleFromSegments(
    { db: crash.database(db), bucket: crash.bucket(parts.bucket), hotDays: 0, now },
    { build: newBuild(), site, day: DAY },
  );
const settleAgain = async () => {
  await sweepStaging(parts.bucket, now());
  await settleFromSegments({ db, bucket: parts.bucket, hotDays: 0, now }, { build: newBuild(), site, day: DAY });
};
const isUpload = (call: string) => /^(?:createMultipartUpload|uploadPart|complete|abort|body) /.test(call);

test("a query during a multipart settlement finds every sample once", async () => {
  await reset();
  const watched = new CrashPoint(
    Number.POSITIVE_INFINITY,
    "before",
    () => true,
    async () => expect(await query()).toEqual(lines),
  );
  expect(await settle(watched)).toMatchObject({ outcome: "settled", samples: lines.length });
  expect(watched.made.filter((call) => call.startsWith("uploadPart")).length).toBeGreaterThan(2);
  expect(parts.open).toBe(0);
});

describe.each<CrashKind>(["before", "after"])("a multipart settlement that stops %s any call of its upload", (kind) => {
  test("loses nothing, and the next run ignores the upload", async () => {
    await reset();
    await settleAgain();
    const whole = await dayRows(db, { site, day: DAY });
    let nth = 0;
    for (; ; nth++) {
      await reset();
      const crash = new CrashPoint(nth, kind, isUpload);
      const { outcome } = await settle(crash);
      expect(await query()).toEqual(lines);
      if (!crash.happened) break;
      expect(outcome).toBe("failed");
      // The stopped process cannot abort the upload. R2 does so after a week, and nothing resumes it.
      expect(parts.open).toBeLessThanOrEqual(1);
      const stale = parts.uploads.filter(({ state }) => state === "open");
      await settleAgain();
      expect(parts.uploads.filter(({ state }) => state === "open")).toEqual(stale);
      expect(await query()).toEqual(lines);
      expect(await dayRows(db, { site, day: DAY })).toEqual(whole);
      expect(await keysOf(env.TIMESERIES, "")).toEqual([dayFileKey(site.name, DAY)]);
    }
    expect(nth).toBeGreaterThan(6);
  });
});
