import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { newPoints, newSite, pointSamples } from "../../test/points.ts";
import { queriedDay } from "../../test/queried-day.ts";
import { keysOf } from "../../test/stored-day.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { storeSamples } from "../store/store-samples.ts";
import { settleFromSegments } from "./settle-from-segments.ts";
import { findBase } from "./day-base.ts";
import { mergeDay } from "./merge-day.ts";
import { pointOrder } from "./point-order.ts";
import { publishDay } from "./publish-day.ts";
import { sortHour } from "./sort-hour.ts";
import { encodeSpill } from "./spill-format.ts";
import { spillSegments } from "./spill-segments.ts";
import { spillKey } from "../r2/staging.ts";

const DAY = 20_373;
const START = dayStart(DAY);
const bucket = env.TIMESERIES;
const SOURCES = ["file", "segment", "api"] as const;
type Source = (typeof SOURCES)[number];

let db: D1Database;
let site: { id: number; name: string };
let id: number;
let builds = 0;
beforeAll(async () => {
  db = await migratedDatabase();
  site = { name: "ses_merge", id: await newSite(db, "ses_merge") };
  [id = 0] = await newPoints(db, site.id, ["p"]);
});

/** Every subset of the sources, one a minute. */
const MINUTES = Array.from({ length: 7 }, (_, i) => SOURCES.filter((__, bit) => ((i + 1) & (1 << bit)) !== 0));

/** Each source's value is the time when it was requested. */
function samplesOf(source: Source, asked: number) {
  const minutes = MINUTES.flatMap((sources, i) => (sources.includes(source) ? [i] : []));
  return pointSamples(minutes.map((minute) => [id, START + minute * 60_000, asked]));
}

async function reset(): Promise<void> {
  await db.exec(
    "DELETE FROM segments; DELETE FROM block_latest; DELETE FROM hot_hours; DELETE FROM day_files; DELETE FROM block_days; DELETE FROM site_clocks",
  );
  const keys = await keysOf(bucket, "");
  if (keys.length > 0) await bucket.delete(keys);
}

test.each([
  [["file", "segment", "api"]],
  [["file", "api", "segment"]],
  [["segment", "file", "api"]],
  [["segment", "api", "file"]],
  [["api", "file", "segment"]],
  [["api", "segment", "file"]],
] as [Source[]][])("of file, segments and API the one that was requested last wins: %s", async (order) => {
  await reset();
  const askedAt = (source: Source) => 10 * (1 + order.indexOf(source));
  const context = { db, bucket, hotDays: 0, now: () => START + 5 * 24 * HOUR_MS };
  const newBuild = () => ({ build: `build-${builds++}`, site, day: DAY });
  const store = (source: Source) =>
    storeSamples({ db, siteId: site.id, now: context.now }, samplesOf(source, askedAt(source)), askedAt(source), []);
  await store("file");
  expect(await settleFromSegments(context, newBuild())).toMatchObject({ outcome: "settled" });
  await store("segment");
  const build = newBuild();
  const sorted = sortHour([samplesOf("api", askedAt("api"))], pointOrder(await loadCatalog(db, site.id)), {
    start: START,
    end: START + HOUR_MS,
  });
  await bucket.put(spillKey(build, 0), encodeSpill(START, sorted, { records: 0, rejected: {} }));

  const asked = [askedAt("api"), ...Array.from({ length: 23 }, () => 0)];
  const base = await findBase(context, build, false);
  const segments = await spillSegments(context, build, [base.asked, asked]);
  const staged = await mergeDay(context, build, { source: "api", hours: [0], asked, segments, base });
  expect(await publishDay(context, build, staged)).not.toBeNull();

  const last = MINUTES.map((sources) => Math.max(...sources.map(askedAt)));
  const expected = last.map((value, minute) => `p ${START + minute * 60_000} ${value}`);
  expect(await queriedDay(db, bucket, { site, day: DAY })).toEqual(expected);
});
