import { AdaptivePageSize } from "../ace/adaptive-page-size.ts";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import type { FaultPlanInput } from "@building-vitals/ace-simulator/faults/fault-plan";
import { createSimulator } from "@building-vitals/ace-simulator/simulator";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { SiteClock } from "../../test/site-clock.ts";
import { createPacedClient } from "./paced-client.ts";
import { RequestPace } from "./request-pace.ts";

const START = Date.UTC(2025, 9, 12);
const HOUR = { start: START, end: START + 3_600_000 };
const source = createBuilding({
  seed: 3,
  site: "ses_pace",
  timezone: "America/Chicago",
  points: 6,
  collectInterval: 60,
});

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(async () => {
  await db.prepare("DELETE FROM backfill_pace").run();
});

function world(faults: FaultPlanInput = {}) {
  const clock = new SiteClock(START + 86_400_000);
  const { now, sleep } = clock;
  const simulator = createSimulator({ sources: [source], apiKey: "key", now, faults, sleep });
  const sent: number[] = [];
  const client = createPacedClient({
    baseUrl: "http://ace.test/api",
    apiKey: "key",
    pace: new RequestPace({ db, requestsPerMinute: 30, job: "backfill", now, sleep }),
    fetch: (url, init) => {
      sent.push(now());
      return simulator.fetch(new Request(url, init));
    },
    sleep,
    now,
  });
  const fetchHour = async () => {
    let samples = 0;
    for await (const page of client.timeseriesPages("ses_pace", HOUR, {
      pageSize: new AdaptivePageSize(100, null, Date.now),
    }))
      samples += page.samples.length;
    return samples;
  };
  return { client, sent, fetchHour, gaps: () => sent.slice(1).map((time, i) => time - sent[i]!) };
}

it("keeps the pace over pages and calls, and takes no unused slot", async () => {
  const one = world();
  const samples = await one.fetchHour();
  expect(samples).toBeGreaterThan(360);
  expect(one.sent).toHaveLength(Math.ceil(samples / 100));
  await one.client.configuredPoints("ses_pace");
  expect(one.gaps()).toEqual(one.sent.slice(1).map(() => 2000));
  expect(one.client.calls).toBe(one.sent.length);
});

it("takes a slot for each retry", async () => {
  const faulty = world({ rules: [{ fault: "503", everyNth: 3 }] });
  expect(await faulty.fetchHour()).toBe(await fetchedWell());
  expect(faulty.client.calls).toBeGreaterThan(5);
  for (const gap of faulty.gaps()) expect(gap).toBeGreaterThan(1999);
});

it("waits as a 429 demands, and then slows down", async () => {
  const limited = world({ rules: [{ fault: "429", retryAfterSeconds: 20, everyNth: 3, times: 1 }] });
  expect(await limited.fetchHour()).toBe(await fetchedWell());
  const [first, second, waited, slower] = limited.gaps();
  expect([first, second, waited]).toEqual([2000, 2000, 20_000]);
  expect(slower).toBeGreaterThan(3500);
});

/** Samples from an upstream without faults. */
async function fetchedWell(): Promise<number> {
  await db.prepare("DELETE FROM backfill_pace").run();
  return world().fetchHour();
}
