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

/** A pace on a clock that sleeping moves; `sent` are the times at which requests went out. */
function paceAt(requestsPerMinute: number, clock = { now: 1_000_000 }) {
  const sent: number[] = [];
  const now = () => clock.now;
  const sleep = (ms: number) => {
    clock.now += ms;
    return Promise.resolve();
  };
  const pace = new RequestPace({ db, requestsPerMinute, now, sleep });
  return { pace, clock, sent, request: async () => void sent.push((await pace.take(), clock.now)) };
}

it("lets one request out every 1.2 s at 50 a minute, the first at once", async () => {
  const { sent, request } = paceAt(50);
  for (let i = 0; i < 5; i++) await request();
  expect(sent).toEqual([1_000_000, 1_001_200, 1_002_400, 1_003_600, 1_004_800]);
});

it("does not save up what was not used", async () => {
  const { sent, clock, request } = paceAt(60);
  await request();
  clock.now += 600_000;
  for (let i = 0; i < 3; i++) await request();
  expect(sent).toEqual([1_000_000, 1_600_000, 1_601_000, 1_602_000]);
});

it("is one budget for all who ask, whatever order they come in", async () => {
  const plan = fc.array(fc.record({ who: fc.nat(3), later: fc.nat(3000) }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(plan, async (requests) => {
      await db.prepare("DELETE FROM backfill_pace").run();
      const askers = [0, 1, 2, 3].map(() => paceAt(100));
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

it("gives each of many at once a slot of its own", async () => {
  const one = paceAt(60);
  const frozen = Array.from({ length: 10 }, () => paceAt(60));
  await Promise.all(frozen.map((asker) => asker.request()));
  const sent = frozen.flatMap((asker) => asker.sent).sort((a, b) => a - b);
  expect(sent).toEqual(Array.from({ length: 10 }, (_, i) => 1_000_000 + i * 1000));
  await one.request();
  expect(one.sent).toEqual([1_010_000]);
});

it("waits out a Retry-After, then goes at half the pace and finds back to all of it", async () => {
  const { pace, sent, request } = paceAt(60);
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

it("is stopped by no Retry-After for longer than five minutes, and by no number of 429s for longer than a minute", async () => {
  const { pace, sent, request } = paceAt(60);
  await pace.slowDown(86_400_000);
  for (let i = 0; i < 20; i++) await pace.slowDown(0);
  await request();
  expect(sent).toEqual([1_300_000]);
  await request();
  expect(sent[1]! - sent[0]!).toBeLessThanOrEqual(60_000);
});

it("follows a setting that was made slower or faster", async () => {
  const slow = paceAt(6);
  await slow.request();
  await slow.request();
  expect(slow.sent[1]! - slow.sent[0]!).toBe(10_000);
  const slower = paceAt(3, slow.clock);
  await slower.request();
  await slower.request();
  expect(slower.sent[1]! - slower.sent[0]!).toBe(20_000);
});
