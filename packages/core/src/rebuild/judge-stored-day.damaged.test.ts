import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { RollupWorld } from "../../test/rollup-world.ts";
import { DAY_MS } from "../domain/day.ts";
import { readQuality } from "../query/read-quality.ts";
import { judgeDays } from "./judge-days.ts";

const START = Date.parse("2025-10-12");
const DAY = START / DAY_MS;

let db: D1Database;
let world: RollupWorld;
beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(async () => {
  world = await RollupWorld.create(db, env.TIMESERIES, ["a/room"]);
  await world.backfill(
    DAY,
    Array.from({ length: 144 }, (_, i) => [0, START + i * 600_000, 70 + (i % 3)]),
  );
  await db.exec("UPDATE quality_days SET formula = 0");
});

/** A bucket whose bodies are damaged in transit, from the second one on. @param most maximum of damaged bodies */
function damaging(most: number): R2Bucket {
  let bodies = 0;
  return interceptedBucket(env.TIMESERIES, async (execute, call) => {
    const result = await execute();
    if (!call.startsWith("body ") || !(result instanceof ArrayBuffer)) return result;
    const isDamaged = bodies > 0 && bodies <= most;
    bodies++;
    if (isDamaged) new Uint8Array(result).fill(0x55, 0, 64);
    return result;
  });
}

const judge = (bucket: R2Bucket) => judgeDays({ db, bucket, now: () => START + 2 * DAY_MS }, world.site.id, 600_000);
const stateOf = () => db.prepare("SELECT state FROM day_files WHERE day = ?1").bind(DAY).first("state");

test("a day with damaged quality counts as not judged until the next run", async () => {
  const read = () => readQuality(db, world.site.id, { from: DAY, to: DAY + 1 }, null);
  await judge(env.TIMESERIES);
  const sound = await read();
  expect([sound.days.length, sound.points.length]).toEqual([1, 1]);
  await db.exec("UPDATE block_days SET quality = unhex('DEADBEEF')");
  expect(await read()).toMatchObject({ days: [], points: [] });
  expect(await judge(env.TIMESERIES)).toMatchObject({ judged: 1, failed: [] });
  expect((await read()).points).toEqual(sound.points);
});

test("a file damaged once in transit is judged by the next run", async () => {
  expect((await judge(damaging(1))).failed).toMatchObject([{ day: "2025-10-12" }]);
  expect(await stateOf()).toBe("written");
  expect(await judge(env.TIMESERIES)).toMatchObject({ judged: 1, failed: [] });
});

test("a file that is damaged at each read is suspect", async () => {
  expect((await judge(damaging(Infinity))).failed).toHaveLength(1);
  expect(await stateOf()).toBe("suspect");
});
