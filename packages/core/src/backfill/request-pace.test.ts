import fc from "fast-check";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { RequestPace } from "./request-pace.ts";

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(async () => {
  await db.prepare("DELETE FROM backfill_pace").run();
});

const JOBS = ["settling", "backfill"] as const;
type Job = (typeof JOBS)[number];

/** A pace on a clock that sleeping advances; `sent` holds the times of the requests. */
function paceAt(requestsPerMinute: number, clock = { now: 1_000_000 }, job: Job = "settling") {
  const sent: number[] = [];
  const now = () => clock.now;
  const sleep = (ms: number) => {
    clock.now += ms;
    return Promise.resolve();
  };
  const pace = new RequestPace({ db, requestsPerMinute, job, now, sleep });
  return { pace, clock, sent, request: async () => void sent.push((await pace.take(), clock.now)) };
}

it("sends a request every 1.2 s at 50 a minute, the first at once", async () => {
  const { sent, request } = paceAt(50);
  for (let i = 0; i < 5; i++) await request();
  expect(sent).toEqual([1_000_000, 1_001_200, 1_002_400, 1_003_600, 1_004_800]);
});

it("does not save up unused slots", async () => {
  const { sent, clock, request } = paceAt(60);
  await request();
  clock.now += 600_000;
  for (let i = 0; i < 3; i++) await request();
  expect(sent).toEqual([1_000_000, 1_600_000, 1_601_000, 1_602_000]);
});

it("is one budget for all requests in any order", async () => {
  const plan = fc.array(fc.record({ who: fc.nat(3), later: fc.nat(3000) }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(plan, async (requests) => {
      await db.prepare("DELETE FROM backfill_pace").run();
      const askers = ([...JOBS, ...JOBS] as const).map((job) => paceAt(100, { now: 1_000_000 }, job));
      for (const { who, later } of requests) {
        const asker = askers[who]!;
        asker.clock.now += later;
        await asker.request();
      }
      const sent = askers.flatMap((asker) => asker.sent).sort((a, b) => a - b);
      expect(sent).toHaveLength(requests.length);
      for (let i = 1; i < sent.length; i++) expect(sent[i]! - sent[i - 1]!).toBeGreaterThanOrEqual(600);
    }),
    { numRuns: 40 },
  );
});

it.each(JOBS)("gives each concurrent request its own slot: %s", async (job) => {
  const one = paceAt(60, { now: 1_000_000 }, job);
  const frozen = Array.from({ length: 10 }, () => paceAt(60, { now: 1_000_000 }, job));
  await Promise.all(frozen.map((asker) => asker.request()));
  const sent = frozen.flatMap((asker) => asker.sent).sort((a, b) => a - b);
  expect(sent).toEqual(Array.from({ length: 10 }, (_, i) => 1_000_000 + i * 1000));
  await one.request();
  expect(one.sent).toEqual([1_010_000]);
});

it.each(JOBS)("waits out a Retry-After, halves the pace and recovers: %s", async (job) => {
  const { pace, sent, request } = paceAt(60, { now: 1_000_000 }, job);
  await request();
  await pace.slowDown(30_000);
  for (let i = 0; i < 40; i++) await request();
  const gaps = sent.slice(1).map((time, i) => time - sent[i]!);
  expect(gaps[0]).toBe(30_000);
  expect(gaps[1]).toBeGreaterThan(1850);
  expect(gaps[1]).toBeLessThanOrEqual(2000);
  expect(gaps.at(-1)).toBe(1000);
  for (let i = 2; i < gaps.length; i++) expect(gaps[i]!).toBeLessThanOrEqual(gaps[i - 1]! + 1);
});

it("bounds a Retry-After to 5 minutes and the interval to 1 minute", async () => {
  const { pace, sent, request } = paceAt(60);
  await pace.slowDown(86_400_000);
  for (let i = 0; i < 20; i++) await pace.slowDown(0);
  await request();
  expect(sent).toEqual([1_300_000]);
  await request();
  expect(sent[1]! - sent[0]!).toBeLessThanOrEqual(60_000);
});

it("follows a slower or faster setting", async () => {
  const slow = paceAt(6);
  await slow.request();
  await slow.request();
  expect(slow.sent[1]! - slow.sent[0]!).toBe(10_000);
  const slower = paceAt(3, slow.clock);
  await slower.request();
  await slower.request();
  expect(slower.sent[1]! - slower.sent[0]!).toBe(20_000);
});

/** Requesters on one clock, which advances when all of them sleep. Each requests again as soon as it may. */
async function askSideBySide(askers: readonly { job: Job; requests: number }[], requestsPerMinute: number) {
  let clock = 1_000_000;
  let alive = askers.length;
  const sleepers: { until: number; wake: () => void }[] = [];
  const now = () => clock;
  const sleep = (ms: number) => new Promise<void>((wake) => sleepers.push({ until: clock + ms, wake }));
  const sent: { job: Job; at: number }[] = [];
  const ask = async ({ job, requests }: (typeof askers)[number]) => {
    const pace = new RequestPace({ db, requestsPerMinute, job, now, sleep });
    for (let i = 0; i < requests; i++) {
      await pace.take();
      sent.push({ job, at: clock });
    }
    alive--;
  };
  const all = Promise.all(askers.map(ask));
  for (;;) {
    if (alive === 0) break;
    if (sleepers.length < alive) {
      await scheduler.wait(1);
      continue;
    }
    sleepers.sort((a, b) => a.until - b.until);
    clock = Math.max(clock, sleepers[0]!.until);
    sleepers.shift()!.wake();
  }
  await all;
  return sent;
}

it("sends waiting requests of settling first, then those of backfills", async () => {
  const backfills = [1, 2, 3].map(() => ({ job: "backfill" as const, requests: 4 }));
  const settlings = [1, 2].map(() => ({ job: "settling" as const, requests: 8 }));
  const sent = await askSideBySide([...backfills, ...settlings], 60);
  // no slot is used twice, and few are lost
  for (let i = 1; i < sent.length; i++) expect(sent[i]!.at - sent[i - 1]!.at).toBeGreaterThanOrEqual(1_000);
  expect(sent.at(-1)!.at).toBeLessThanOrEqual(1_000_000 + 30 * 1_000);
  const order = sent.map(({ job }) => job);
  expect(order).toHaveLength(28);
  const last = order.lastIndexOf("settling");
  // except for the slots that backfills took before the first request of settling
  expect(order.slice(0, last).filter((job) => job === "backfill").length).toBeLessThanOrEqual(3);
  expect(order.slice(last + 1).every((job) => job === "backfill")).toBe(true);
});

it("a backfill's request waits at most two minutes for busy settling", async () => {
  const backfill = { job: "backfill" as const, requests: 2 };
  const settlings = [1, 2].map(() => ({ job: "settling" as const, requests: 40 }));
  const sent = await askSideBySide([...settlings, backfill], 15);
  const times = sent.filter(({ job }) => job === "backfill").map(({ at }) => at);
  const waits = times.map((at, i) => at - (times[i - 1] ?? 1_000_000));
  // at that time two slots of 4 s lie ahead
  for (const wait of waits) expect(wait).toBeLessThanOrEqual(120_000 + 3 * 4_000);
  expect(sent.at(-1)!.job).toBe("settling");
});
