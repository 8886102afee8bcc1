import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { described, newSite, pointSamples } from "../../test/points.ts";
import { type CatalogPoint, loadCatalog } from "./catalog.ts";
import { replaceCatalog } from "./replace-catalog.ts";
import { markSeenStatement, seenRanges } from "./seen.ts";

const DAY_MS = 86_400_000;
const T = Date.UTC(2025, 9, 12, 14);

let db: D1Database;
let siteId: number;
beforeAll(async () => {
  db = await migratedDatabase();
  siteId = await newSite(db, "ses_seen");
  await replaceCatalog(db, siteId, new Map(), [described("a"), described("b"), described("c")], 1);
  const others = Array.from({ length: 200 }, (_, i) => described(`other/${i}`));
  await replaceCatalog(db, await newSite(db, "ses_seen_other"), new Map(), others, 1);
});

const point = (id: number, firstSeen: number | null, lastSeen: number | null): [number, CatalogPoint] => [
  id,
  { id, name: `p${id}`, source: "catalog", configured: true, firstSeen, lastSeen },
];

test.each<[string, number, { first: number; last: number } | null]>([
  ["a later sample, within a day", T + DAY_MS - 1, null],
  ["a sample a day later", T + DAY_MS, { first: T + DAY_MS, last: T + DAY_MS }],
  ["the first sample again", T, null],
  ["a sample before the first, by a millisecond", T - 1, { first: T - 1, last: T - 1 }],
])("%s", (_, time, moved) => {
  const ranges = seenRanges(pointSamples([[1, time, 0]]), new Map([point(1, T, T)]));
  expect(ranges).toEqual(moved === null ? [] : [{ pointId: 1, ...moved }]);
});

test("a batch in any order moves each point to its own first and last sample", () => {
  const samples = pointSamples([
    [1, T + 5, 0],
    [2, T + 9, 0],
    [1, T, 0],
    [3, T, 0],
    [1, T + 2, 0],
  ]);
  const points = new Map([point(1, null, null), point(2, T + 9, T + 9), point(3, null, null)]);
  expect(seenRanges(samples, points)).toEqual([
    { pointId: 1, first: T, last: T + 5 },
    { pointId: 3, first: T, last: T },
  ]);
});

test("unmoved points keep a last_seen that is at most a day old", () => {
  const points = new Map([point(1, T, T), point(2, null, null)]);
  const samples = pointSamples([
    [1, T + DAY_MS - 1, 0],
    [2, T, 0],
  ]);
  expect(seenRanges(samples, points).map(({ pointId }) => pointId)).toEqual([2]);
});

test("firstSeen only moves back, lastSeen only forward; others stay", async () => {
  const ids = new Map([...(await loadCatalog(db, siteId)).values()].map(({ name, id }) => [name, id]));
  const seen = async () => [...(await loadCatalog(db, siteId)).values()].map((p) => [p.name, p.firstSeen, p.lastSeen]);
  const mark = (name: string, first: number, last: number) =>
    markSeenStatement(db, [{ pointId: ids.get(name)!, first, last }]).run();
  await mark("a", T, T + 10);
  expect(await seen()).toEqual([
    ["a", T, T + 10],
    ["b", null, null],
    ["c", null, null],
  ]);
  await mark("a", T + 5, T + 7);
  await mark("b", T, T);
  const answer = await markSeenStatement(db, [
    { pointId: ids.get("a")!, first: T - 5, last: T - 4 },
    { pointId: ids.get("b")!, first: T + 1, last: T + DAY_MS },
  ]).run();
  expect(await seen()).toEqual([
    ["a", T - 5, T + 10],
    ["b", T, T + DAY_MS],
    ["c", null, null],
  ]);
  // found by their ids: a scan of the table would read every point of every site
  expect(answer.meta.rows_written).toBe(2);
  expect(answer.meta.rows_read).toBeLessThan(20);
});
