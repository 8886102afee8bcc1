import { createBuilding } from "@building-vitals/ace-simulator/building";
import type { ScrapeSource } from "@building-vitals/ace-simulator/scrape-source";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { BLOCK_ROWS } from "../day-build/spill-format.ts";
import { refreshCatalog } from "../catalog/refresh-catalog.ts";
import { MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { createDayBuilder } from "./day-builder.ts";
import { appointNext } from "./instance-store.ts";
import { MemoryEngine } from "../../test/memory-engine.ts";
import { createPacedClient } from "./paced-client.ts";
import { RequestPace } from "./request-pace.ts";
import { MAX_DAYS_PER_INSTANCE, runInstance } from "./run-instance.ts";
import { startJob } from "./start-job.ts";

/** Cloudflare's limits (Workers Paid): D1's for an invocation of a Worker, Workflows' for a whole instance. */
const D1_QUERIES = 1_000;
const SUBREQUESTS = 10_000;

const POINTS = 10_000;
const SAMPLES_PER_HOUR = 60;
const PAGE_ROWS = 100_000;
const HOURS = 24;
const HOUR_US = 3_600_000_000;
const DAY = 20_373;
const NOW = (DAY + 3) * 86_400_000;
const SITE = "ses_large";
const ID = "backfill_1";

/** All points have a sample in a day's first hour, and one point in each other hour. Such a day is built quickly. */
function sparseSource(): ScrapeSource {
  const building = createBuilding({ seed: 1, site: SITE, timezone: "America/Chicago", points: POINTS, weather: false });
  const all = Int32Array.from(building.points.keys());
  const isFull = (scrape: number) => scrape % HOURS === 0;
  return {
    ...building,
    scrapeAtOrAfter: (timeUs) => Math.ceil(timeUs / HOUR_US),
    timeOf: (scrape) => scrape * HOUR_US,
    pointsAt: (scrape) => (isFull(scrape) ? all : all.subarray(0, 1)),
    hasSample: (point, scrape) => point === 0 || isFull(scrape),
    valueText: (point) => String(point),
  };
}

test("an instance uses less than half the limits at 10,000 points", async () => {
  const db = await migratedDatabase();
  const world = new SyncWorld({ db, source: sparseSource(), now: NOW });
  const { siteId } = await world.state();
  // as the site's sync does; for an unlisted site an instance writes one more statement per 400 points
  await refreshCatalog(db, world.client(), SITE, siteId, NOW);
  const meter = () => {
    const counts = { statements: 0 };
    const metered = interceptedDatabase(db, (execute, statements) => {
      counts.statements += statements;
      return execute();
    });
    return [counts, metered] as const;
  };
  const [ofRequests, paceDb] = meter();
  const [beside, metered] = meter();
  let objects = 0;
  const bucket = interceptedBucket(env.TIMESERIES, (execute, call) => {
    if (!call.startsWith("body ")) objects++;
    return execute();
  });
  let requests = 0;
  const now = () => NOW;
  const sleep = () => Promise.resolve();
  const pace = new RequestPace({ db: paceDb, requestsPerMinute: 60_000, job: "backfill", now, sleep });
  const newClient = (day?: number) =>
    createPacedClient({
      baseUrl: "http://ace.test/api",
      apiKey: "test-key",
      pace,
      ...(day === undefined ? {} : { day: { backfillId: ID, siteId, day } }),
      fetch: (url, init) => {
        requests++;
        return world.upstream(new Request(url, init));
      },
      sleep,
      now,
    });
  const range = { first: DAY, last: DAY + MAX_DAYS_PER_INSTANCE };
  const job = await startJob(db, { backfillId: ID, range, siteIds: [siteId], selection: "all" }, NOW);
  await appointNext(db, job!, siteId, null, NOW);
  let next = 0;
  await new MemoryEngine().run((steps) =>
    runInstance(steps, {
      db: metered,
      maxDays: MAX_DAYS_PER_INSTANCE,
      kv: env.ETL_STATE,
      newClient,
      destination: {
        builder: createDayBuilder({
          db: metered,
          bucket,
          newClient,
          pageSize: PAGE_ROWS,
          replaceSuspect: false,
          hotDays: 0,
          now,
        }),
      },
      ticket: { backfillId: ID, epoch: 0, site: { id: siteId, name: SITE }, number: 0 },
      now,
      start: async (number) => {
        next = number;
      },
      beginNext: () => Promise.reject(new Error("the job has days left")),
    }),
  );
  const written = db.prepare("SELECT count(*) AS n FROM day_files WHERE state = 'written' AND points = ?1");
  expect(await written.bind(POINTS).first("n")).toBe(MAX_DAYS_PER_INSTANCE);
  expect(next).toBe(1);

  // One page more than the rows fill: the page that proves the end.
  const pages = Math.ceil((POINTS * SAMPLES_PER_HOUR) / PAGE_ROWS) + 1;
  const days = MAX_DAYS_PER_INSTANCE;
  const allRequests = requests + days * HOURS * (pages - 1);
  const perRequest = ofRequests.statements / requests;
  // In full hours of doubles without common bytes a point's slice is 650 bytes long. A statement holds 1,000 points'
  // times.
  const texts = days * (Math.ceil((POINTS * 1_300) / MAX_ASCII_CHARS) + Math.ceil(POINTS / 1_000));
  const statements = beside.statements + allRequests * perRequest + texts;
  // A full hour has more blocks in its spill, each a request. Verifying a file reads every row group.
  const reads = days * (HOURS * Math.ceil((POINTS * SAMPLES_PER_HOUR) / BLOCK_ROWS) + POINTS / 12);
  const subrequests = statements + allRequests + objects + reads;
  expect(requests).toBeGreaterThanOrEqual(days * HOURS);
  expect(statements).toBeLessThan(D1_QUERIES / 2);
  expect(subrequests).toBeLessThan(SUBREQUESTS / 2);
});
