import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { allSegments, samplesOf, siteWithPoints } from "../../test/naive-store.ts";
import { pointSamples } from "../../test/points.ts";
import { DAY_MS } from "../domain/day.ts";
import { readLatest } from "../store/latest.ts";
import { storeSamples } from "../store/store-samples.ts";
import { deletePointRows } from "./delete-point-day.ts";

const DAY = 20_373 * DAY_MS;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  await siteWithPoints(db, 1, [300, 301, 400]);
});

test("deleting a point removes its samples from every segment, and no other ones", async () => {
  const store = (...samples: [number, number, number][]) =>
    storeSamples({ db, siteId: 1, now: () => DAY }, pointSamples(samples), 1);
  await store([300, DAY, 1], [301, DAY, 2], [400, DAY, 3]);
  await store([300, DAY + DAY_MS, 4]);
  await deletePointRows(db, 1, 300);
  const segments = await allSegments(db);
  expect([...samplesOf(segments).keys()]).toEqual([`301 ${DAY}`, `400 ${DAY}`]);
  // the one that held nothing else is gone
  expect(segments.length).toBe(2);
  expect([...(await readLatest(db, [300, 301, 400])).keys()]).toEqual([301, 400]);
});
