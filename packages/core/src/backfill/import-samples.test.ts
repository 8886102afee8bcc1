import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { newSite, pointSamples } from "../../test/points.ts";
import { keysOf, storedDay } from "../../test/stored-day.ts";
import { type AceClient, createAceClient } from "../ace/client.ts";
import { addDiscoveredPoints, loadCatalog } from "../catalog/catalog.ts";
import { findPoints } from "../catalog/point-list.ts";
import { settleFromSegments } from "../day-build/settle-from-segments.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { DAY_MS, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { upsertSamples } from "../../test/store.ts";
import { type ImportedPoint, importSamples } from "./import-samples.ts";

const DAY = 20_373;
const START = dayStart(DAY);
const bucket = env.TIMESERIES;
/** later than the real clock, which dates staged objects in R2 */
const NOW = Date.now() + 3 * DAY_MS;
const NAMES = ["a", "m/é", "z"];

let db: D1Database;
let site: { id: number; name: string };
let ids: Map<string, number>;
let builds = 0;
beforeAll(async () => {
  db = await migratedDatabase();
  site = { name: "ses_import", id: await newSite(db, "ses_import") };
  await addDiscoveredPoints(db, site.id, NAMES);
  ids = new Map([...(await loadCatalog(db, site.id))].map(([name, { id }]) => [name, id]));
});
beforeEach(reset);

async function reset(): Promise<void> {
  const tables = ["segments", "block_latest", "hot_hours", "day_files", "block_days", "backfill_jobs"];
  await db.exec(tables.map((table) => `DELETE FROM ${table}`).join("; "));
  const keys = await keysOf(bucket, "");
  if (keys.length > 0) await bucket.delete(keys);
}

/** A client that only lists the points that `answer` returns. */
function listing(answer: () => readonly string[]): AceClient {
  const fetch = () => {
    const items = answer().map((name, id) => ({ id, name, bacnet_data: { object_units: "degrees-fahrenheit" } }));
    return Promise.resolve(Response.json({ items, pages: 1, total: items.length }));
  };
  return createAceClient({ baseUrl: "https://ace.test/api", apiKey: "k", fetch, sleep: () => Promise.resolve() });
}

/** [point, ms of the day, value] */
type Sample = readonly [name: string, offset: number, value: number];

function byPoint(samples: readonly Sample[]): ImportedPoint[] {
  return [...Map.groupBy(samples, ([name]) => name)].map(([name, samplesOfPoint]) => ({
    name,
    samples: samplesOfPoint.map(([, offset, value]) => [START + offset, value]),
  }));
}

const lines = (samples: Iterable<Sample>) =>
  [...samples]
    .map(([name, offset, value]) => `${name} ${START + offset} ${Object.is(value, -0) ? "-0" : value}`)
    .sort();
const stored = () => storedDay(db, bucket, { site, day: DAY });
const run = (samples: readonly Sample[], given = db, now = NOW) =>
  importSamples({ ace: listing(() => []), db: given, bucket, jobs: given }, site, DAY, byPoint(samples), now);
const fromApi = (samples: readonly Sample[]) =>
  upsertSamples(db, pointSamples(samples.map(([name, offset, value]) => [ids.get(name)!, START + offset, value])));
const archive = () =>
  settleFromSegments({ db, bucket, hotDays: 0, now: () => NOW }, { build: `build_${++builds}`, site, day: DAY });

const nothing = { received: 0, stored: 0, present: 0, kept: 0, rejected: {} };

test("stores missing samples and keeps existing ones, hot or settled", async () => {
  await fromApi([["a", 0, 1]]);
  await archive();
  await fromApi([["a", 60_000, 2]]);
  const samples: Sample[] = [
    ["a", 0, 1],
    ["a", 60_000, 2],
    ["a", 120_000, -0],
    ["m/é", 24 * HOUR_MS - 1, 5e-324],
  ];
  const other = samples.map(([name, offset]): Sample => [name, offset, 99]);
  expect(await run(samples)).toEqual({ ...nothing, received: 4, present: 2, stored: 2 });
  expect(await stored()).toEqual(lines(samples));
  expect(await run(other)).toEqual({ ...nothing, received: 4, kept: 4 });
  await archive();
  expect(await run(other)).toEqual({ ...nothing, received: 4, kept: 4 });
  expect(await run(samples)).toEqual({ ...nothing, received: 4, present: 4 });
  expect(await stored()).toEqual(lines(samples));
});

test("an unknown name becomes a discovered point with its seen times", async () => {
  expect(await run([["new", 5, 1]])).toEqual({ ...nothing, received: 1, stored: 1 });
  const point = (await loadCatalog(db, site.id)).get("new");
  expect(point).toMatchObject({ source: "discovered", configured: false, firstSeen: START + 5, lastSeen: START + 5 });
});

test("samples in the future are rejected", async () => {
  const samples: Sample[] = [
    ["a", 0, 1],
    ["a", 20 * 60_000, 2],
  ];
  expect(await run(samples, db, START)).toEqual({ ...nothing, received: 2, stored: 1, rejected: { future: 1 } });
});

test("in any order, the API's last value wins, then the first import", async () => {
  const sample = fc.tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom(0, 1, HOUR_MS, 23 * HOUR_MS),
    fc.constantFrom(0, -0, 1, 2.5),
  );
  const action = fc.oneof(
    fc.record({
      does: fc.constantFrom("import" as const, "api" as const),
      samples: fc.array(sample, { maxLength: 8 }),
    }),
    fc.record({ does: fc.constant("archive" as const), samples: fc.constant([]) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 6 }), async (actions) => {
      await reset();
      const model = new Map<string, Sample>();
      for (const { does, samples } of actions) {
        const given = new Map(samples.map((drawn) => [`${drawn[0]} ${drawn[1]}`, drawn]));
        if (does === "archive") await archive();
        if (does === "api") {
          await fromApi(samples);
          for (const [key, drawn] of given) model.set(key, drawn);
        }
        if (does === "import") {
          const counts = await run(samples);
          const isNew = ([key]: [string, Sample]) => !model.has(key);
          expect(counts.stored).toBe([...given].filter(isNew).length);
          expect(counts.stored + counts.present + counts.kept).toBe(samples.length);
          for (const [key, drawn] of given) if (!model.has(key)) model.set(key, drawn);
        }
      }
      expect(await stored()).toEqual(lines(model.values()));
    }),
    { numRuns: 25 },
  );
});

test("an import notices a settling that takes the day's samples meanwhile", async () => {
  await fromApi([["a", 0, 1]]);
  let calls = 0;
  const raced = interceptedDatabase(db, async (execute, statements) => {
    // after reading the stored samples, right before storing
    if (statements > 1 && ++calls === 2) await archive();
    return execute();
  });
  const samples: Sample[] = [
    ["a", 0, 99],
    ["a", 1, 2],
  ];
  expect(await run(samples, raced)).toEqual({ ...nothing, received: 2, stored: 1, kept: 1 });
  expect(calls).toBe(4);
  expect(await stored()).toEqual(
    lines([
      ["a", 0, 1],
      ["a", 1, 2],
    ]),
  );
});

test("an import is refused while a backfill runs", async () => {
  await db.exec(
    "INSERT INTO backfill_jobs (backfill_id, status, start_day, end_day, epoch, started_at, updated_at) VALUES ('b', 'in_progress', 1, 2, 0, 0, 0)",
  );
  await expect(run([["a", 0, 1]])).rejects.toMatchObject({ code: "backfill_in_progress" });
  expect(await stored()).toEqual([]);
});

test("a suspect day, or one with a missing file, is refused", async () => {
  await fromApi([["a", 0, 1]]);
  await archive();
  const [key] = await keysOf(bucket, "timeseries/");
  await bucket.delete(key!);
  await expect(run([["a", 0, 2]])).rejects.toMatchObject({ code: "suspect_day" });
  await db.exec("UPDATE day_files SET state = 'suspect'");
  await expect(run([["z", 0, 2]])).rejects.toMatchObject({ code: "suspect_day" });
  expect((await db.prepare("SELECT count(*) AS n FROM segments").first())?.["n"]).toBe(0);
});

test("a new name makes the import request the upstream's list once", async () => {
  let asked = 0;
  const ace = listing(() => (asked++, ["listed"]));
  const context = { ace, db, bucket, jobs: db };
  const samples = byPoint([
    ["listed", 1, 72],
    ["unlisted", 1, 5],
  ]);
  expect(await importSamples(context, site, DAY, samples, NOW)).toMatchObject({ stored: 2 });
  const points = await findPoints(db, site.name, ["listed", "unlisted"]);
  expect(points.get("listed")).toMatchObject({ configured: true, unit: "°F" });
  expect(points.get("unlisted")).toMatchObject({ configured: false, unit: null });
  expect(await importSamples(context, site, DAY, samples, NOW)).toMatchObject({ present: 2 });
  expect(asked).toBe(1);
});

test("an import continues without the list if the upstream fails", async () => {
  const ace = listing(() => {
    throw new Error("down");
  });
  const samples = byPoint([["alone", 1, 72]]);
  expect(await importSamples({ ace, db, bucket, jobs: db }, site, DAY, samples, NOW)).toMatchObject({ stored: 1 });
  expect(await stored()).toEqual(lines([["alone", 1, 72]]));
});

test("samples of a quantity's history become the weather point's", async () => {
  const history = "ses/ses_import/weather/temp";
  const given: Sample[] = [
    [history, 1, 21.5],
    ["weather.temperature", 1, 21.5],
    ["weather.temperature", 2, 22],
  ];
  expect(await run(given)).toMatchObject({ received: 3, stored: 2, present: 1 });
  await archive();
  expect(await run(given)).toMatchObject({ received: 3, present: 3 });
  expect(await stored()).toEqual(
    lines([
      ["weather.temperature", 1, 21.5],
      ["weather.temperature", 2, 22],
    ]),
  );
});
