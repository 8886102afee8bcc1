import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { migratedDatabase } from "../../test/database.ts";
import type { Sample } from "../../test/points.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { RollupWorld } from "../../test/rollup-world.ts";
import { dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";

const DAY = 20_373;
const START = dayStart(DAY);
const END = START + 48 * HOUR_MS;
/** two days; each hour has a sample per point */
const SAMPLES = Array.from({ length: 96 }, (_, i): Sample => [i % 2, START + Math.floor(i / 2) * HOUR_MS + i, i]);
const LATE: Sample[] = [
  [0, START + 5 * HOUR_MS + 1, 7],
  [1, START + 30 * HOUR_MS + 1, 8],
];

let db: D1Database;
let world: RollupWorld;
beforeAll(async () => {
  db = await migratedDatabase();
});

/** Rolls up late samples that a running settling has not read; it publishes the day's file without them. */
async function settleWithoutLate(): Promise<void> {
  let calls = 0;
  const bucket = interceptedBucket(world.bucket, async (execute) => {
    // all 24 spills are written by then, so all rows were read
    if (calls++ === 30) {
      await world.sync(LATE);
      await world.rollUp(END);
    }
    return execute();
  });
  await world.settle(DAY, bucket);
}

/** Two days of samples, the first 20 hours of them rolled up. */
const prepare = preparedStorage(
  async () => {
    world = await RollupWorld.create(db, env.TIMESERIES, ["a", "b"]);
    await world.sync(SAMPLES.filter(([, time]) => time < START + 40 * HOUR_MS));
    await world.rollUp(START + 20 * HOUR_MS);
    await world.sync(SAMPLES);
  },
  env.TIMESERIES,
  [env.DB],
);

test.each<[string, () => Promise<unknown>]>([
  ["a roll-up", () => world.rollUp(END)],
  ["a settling", () => world.settle(DAY)],
  [
    "settling of both days, after a rollup",
    () => world.rollUp(END).then(() => Promise.all([DAY, DAY + 1].map((day) => world.settle(day)))),
  ],
  ["settling, and an import of what was settled", () => world.settle(DAY).then(() => world.importToD1(DAY))],
])("the answer is unchanged by a concurrent change: %s", async (_, elsewhere) => {
  for (const readsAgain of [false, true]) {
    let seen = 0;
    for (let nth = 0; ; nth++) {
      await prepare();
      let calls = 0;
      const intercept = async <T>(execute: () => Promise<T>): Promise<T> => {
        if (calls++ === nth) await elsewhere();
        return execute();
      };
      const range = { start: START, end: END };
      const { answer } = await world.ask(
        { points: [0, 1], range, interval: "1hr", timeZone: "UTC", readsAgain },
        interceptedDatabase(db, intercept),
        interceptedBucket(env.TIMESERIES, intercept),
      );
      for (const point of [0, 1]) {
        const { times, values } = answer.series[point]!;
        const expected = SAMPLES.filter(([name]) => name === point);
        expect(Array.from(times, (time, i) => [time, values[i]])).toEqual(
          expected.map(([, time, value]) => [Math.floor(time / HOUR_MS) * HOUR_MS, value]),
        );
      }
      expect(answer.partial).toBe(false);
      seen = Math.max(seen, calls);
      if (calls <= nth) break;
    }
    expect(seen).toBeGreaterThan(1);
  }
});

test("a rolled-up late sample stays when its day is published without it", async () => {
  for (const readsAgain of [false, true]) {
    world = await RollupWorld.create(db, env.TIMESERIES, ["a", "b"]);
    await world.sync(SAMPLES);
    await world.rollUp(END);
    await settleWithoutLate();
    const { answer } = await world.ask({
      points: [0, 1],
      range: { start: START, end: END },
      interval: "1day",
      timeZone: "UTC",
      readsAgain,
    });
    expect(answer.series.map(({ count }) => [...count!])).toEqual([
      [25, 24],
      [24, 25],
    ]);
  }
});
