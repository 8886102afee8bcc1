import { beforeAll, expect, test } from "vitest";
import { insertPointDays, storedPointDays } from "../../test/block-days.ts";
import { migratedDatabase } from "../../test/database.ts";
import { allSegments, samplesOf, siteWithPoints } from "../../test/naive-store.ts";
import { pointSamples } from "../../test/points.ts";
import { qualityTexts } from "../rollups/block-day-rows.ts";
import { encodeSlice } from "../rollups/hour-slice.ts";
import { replaceQualities } from "../rollups/write-rows.ts";
import { DAY_MS } from "../domain/day.ts";
import { readLatest } from "../store/read-latest.ts";
import { storeSamples } from "../store/store-samples.ts";
import { deletePointRows } from "./delete-point-day.ts";

const DAY = 20_373 * DAY_MS;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  await siteWithPoints(db, 1, [300, 301, 400]);
});

test("deleting a point removes exactly its samples from all segments", async () => {
  const store = (...samples: [number, number, number][]) =>
    storeSamples({ db, siteId: 1, now: () => DAY }, pointSamples(samples), 1);
  await store([300, DAY, 1], [301, DAY, 2], [400, DAY, 3]);
  await store([300, DAY + DAY_MS, 4]);
  await deletePointRows(db, 1, 300);
  const segments = await allSegments(db);
  expect([...samplesOf(segments).keys()]).toEqual([`301 ${DAY}`, `400 ${DAY}`]);
  // the segment that held only this point is gone
  expect(segments.length).toBe(2);
  expect([...(await readLatest(db, [300, 301, 400])).keys()]).toEqual([301, 400]);
});

test("deleting a point removes its aggregates and quality of open days", async () => {
  const hours = Array.from({ length: 24 }, () => ({ n: 1, min: 2, max: 2, sum: 2, edges: null }));
  const group = { offset: 4, timeBytes: 1, nameBytes: 1, valueBytes: 1, rows: 2, crc32: 1 };
  const open = { slice: encodeSlice({ hours, locator: null }), rows: null };
  const filed = { slice: encodeSlice({ hours, locator: { group, firstRow: 0, rows: 1 } }), rows: 1 };
  const [openDay, filedDay, judgedDay] = [20_373, 20_374, 20_375];
  await insertPointDays(
    db,
    openDay,
    [300, 301].map((pointId) => ({ pointId, ...open })),
  );
  await insertPointDays(
    db,
    filedDay,
    [300, 301].map((pointId) => ({ pointId, ...filed })),
  );
  const quality = [300, 301].map((pointId) => ({ pointId, quality: [1, null, 1, null, null, null, null, null, null] }));
  for (const day of [openDay, filedDay, judgedDay]) {
    await db.batch(replaceQualities(db, { siteId: 1, day }, qualityTexts(day, quality)));
  }
  await deletePointRows(db, 1, 300);
  const left = (await storedPointDays(db)).map(({ pointId, day, rows }) => [pointId, day, rows]);
  expect(left).toEqual([
    [300, filedDay, 1],
    [301, openDay, null],
    [301, filedDay, 1],
  ]);
  const { results } = await db
    .prepare("SELECT d.key & 65535 AS day, e.key AS point FROM block_days d, json_each(d.quality) e ORDER BY 1, 2")
    .all();
  expect(results).toEqual([
    { day: openDay, point: "301" },
    { day: filedDay, point: "300" },
    { day: filedDay, point: "301" },
    { day: judgedDay, point: "301" },
  ]);
});
