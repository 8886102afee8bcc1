import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { changeSlices } from "../../test/block-days.ts";
import { migratedDatabase } from "../../test/database.ts";
import { RollupWorld } from "../../test/rollup-world.ts";
import { DAY_MS, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";

const DAY = 20_373;
const START = dayStart(DAY);
const RANGE = { start: START, end: START + 2 * DAY_MS };

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

test("a damaged slice loses only its point's day", async () => {
  const world = await RollupWorld.create(db, env.TIMESERIES, ["a", "b"]);
  for (const point of [0, 1]) await world.sync([0, 7, 30].map((hour) => [point, START + hour * HOUR_MS, hour]));
  await world.rollUp(START + 3 * DAY_MS);
  await changeSlices(db, (slice, { pointId, day }) =>
    pointId === world.ids[0] && day === DAY ? slice.slice(0, -1) : slice,
  );
  const { answer } = await world.ask({ points: [0, 1], range: RANGE, interval: "1hr", timeZone: "UTC" });
  expect(answer.series.map(({ times }) => [...times].map((time) => (time - START) / HOUR_MS))).toEqual([
    [30],
    [0, 7, 30],
  ]);
  expect(answer.partial).toBe(true);
  expect(answer.missing.some(({ start, end }) => start <= START && end >= START + DAY_MS)).toBe(true);
  expect(answer.misplaced).toMatchObject([{ day: DAY, absent: ["a"] }]);
});
