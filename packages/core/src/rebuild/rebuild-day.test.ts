import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { insertPointDays, storedPointDays } from "../../test/block-days.ts";
import { LATE, LOSE_COLD, RebuildWorld } from "../../test/rebuild-world.ts";
import { storedDay } from "../../test/stored-day.ts";
import { encodeSlice } from "../rollups/hour-slice.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { rebuildDay } from "./rebuild-day.ts";
let world: RebuildWorld;
let db: D1Database;
let bucket: R2Bucket;
beforeAll(async () => {
  world = await RebuildWorld.open("ses_rebuild");
  ({ db, bucket } = world);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
beforeEach(() => world.reset());

describe("a day without rows in D1", () => {
  test("gets equal rows and answers again; a second rebuild writes nothing", async () => {
    await world.settled();
    await world.settled(LATE);
    const [before, answer] = [await world.rows(), await world.queried()];
    await db.exec(LOSE_COLD);
    expect(await world.queried()).toEqual([]);
    expect(await world.rebuild()).toEqual({
      key: world.key,
      site: world.site.name,
      day: "2025-10-12",
      outcome: "rebuilt",
      samples: 5,
      points: 3,
      reason: null,
    });
    expect(await world.rows()).toEqual(before);
    expect(await world.queried()).toEqual(answer);
    expect((await readManifestDay(db, world.site.id, world.day))?.generation).toBe(2);
    const all = await world.stored();
    expect(await world.rebuild()).toMatchObject({ outcome: "unchanged" });
    expect(await world.stored()).toEqual(all);
  });

  test("gets its points from the data, if its catalogue is lost too", async () => {
    await world.settled();
    const before = await storedDay(db, bucket, world);
    await db.exec(`${LOSE_COLD} DELETE FROM points`);
    expect(await world.rebuild()).toMatchObject({ outcome: "rebuilt" });
    const names = [...(await loadCatalog(db, world.site.id)).values()];
    expect(names.map(({ name, source }) => `${name} ${source}`).sort()).toEqual([
      "a/first discovered",
      "z/last discovered",
    ]);
    expect(await world.queried()).toEqual(before);
  });

  test("is found by a dry run, which writes nothing", async () => {
    await world.settled();
    await db.exec(`${LOSE_COLD} DELETE FROM points`);
    expect(await world.rebuild({ dryRun: true })).toMatchObject({ outcome: "rebuilt", samples: 4, points: 2 });
    expect(await world.rows()).toEqual({ file: [], points: [], seen: [] });
    const unknown = { db, name: world.site.name, id: null };
    expect(await rebuildDay(world.context({ dryRun: true }), unknown, world.day)).toMatchObject({ outcome: "rebuilt" });
  });

  test("keeps its hot rows, which win until settling merges them", async () => {
    await world.settled();
    await world.store(LATE);
    const before = await world.queried();
    await db.exec(LOSE_COLD);
    await db.exec("UPDATE hot_hours SET rolled_up_version = version");
    expect(await world.rebuild()).toMatchObject({ outcome: "rebuilt" });
    expect(await db.prepare("SELECT count(*) AS n FROM segments").first("n")).toBe(1);
    expect(await world.queried()).toEqual(before);
    const withoutRollups = "SELECT count(*) AS n FROM hot_hours WHERE rolled_up_version IS NOT NULL";
    expect(await db.prepare(withoutRollups).first("n")).toBe(0);
    expect(await world.archive()).toMatchObject({ outcome: "settled" });
    expect(await world.queried()).toEqual(before);
  });

  test("is rebuilt even if a settling has called it suspect", async () => {
    await world.settled();
    await db.exec(LOSE_COLD);
    await world.store(LATE);
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    expect(await world.archive()).toMatchObject({ outcome: "suspect" });
    expect(await world.rebuild()).toMatchObject({ outcome: "rebuilt" });
    expect(await world.rows()).toMatchObject({ file: [{ state: "written", rows: 4 }] });
    expect(await world.archive()).toMatchObject({ outcome: "settled" });
  });
});

describe("a day with other rows in D1", () => {
  test("from before the last builds: the object's generation is later", async () => {
    await world.settled();
    const old = await db.prepare("SELECT * FROM day_files").first();
    const oldPoints = await storedPointDays(db);
    await world.settled(LATE);
    const [before, answer] = [await world.rows(), await world.queried()];
    await db.exec(LOSE_COLD);
    const columns = Object.keys(old!);
    await db.batch([
      db
        .prepare(`INSERT INTO day_files (${columns.join()}) VALUES (${columns.map(() => "?").join()})`)
        .bind(...Object.values(old!)),
    ]);
    await insertPointDays(
      db,
      world.day,
      oldPoints.map((point) => ({ ...point, slice: encodeSlice(point) })),
    );
    expect(await world.rebuild()).toMatchObject({ outcome: "rebuilt", samples: 5 });
    expect(await world.rows()).toEqual(before);
    expect(await world.queried()).toEqual(answer);
  });

  test.each([
    ["rows of block_days are gone", "DELETE FROM block_days WHERE key IN (SELECT min(key) FROM block_days)"],
    ["a row of block_days is damaged", "UPDATE block_days SET places = x'ff'"],
    ["the day was called suspect", "UPDATE day_files SET state = 'suspect', reason = 'a network that failed'"],
    ["the day is suspect", "UPDATE day_files SET bytes = 1"],
    ["the size is wrong", "UPDATE day_files SET sha256 = 'x', bytes = 1"],
    [
      "the hash is wrong",
      `UPDATE day_files SET state = 'failed', key = NULL, etag = NULL,
      pending = json_object(sha256, 1), sha256 = NULL, generation = 0; DELETE FROM block_days`,
    ],
  ])("its build died before it committed", async (_, damage) => {
    await world.settled();
    const before = await world.rows();
    await db.exec(damage.replaceAll("\n", " "));
    expect(await world.rebuild()).toMatchObject({ outcome: "rebuilt" });
    expect(await world.rows()).toEqual(before);
    // %s: the rebuild restores the published rows
    await world.settled(LATE);
    expect(await storedDay(db, bucket, world)).toHaveLength(5);
  });

  test("builds continue from there", async () => {
    await world.settled();
    const [{ bytes }, answer] = [await world.object(), await world.queried()];
    await db.exec(LOSE_COLD);
    await bucket.put(world.key, bytes);
    expect(await world.rebuild()).toMatchObject({ outcome: "rebuilt" });
    expect(await world.queried()).toEqual(answer);
    await world.settled(LATE);
    expect(await storedDay(db, bucket, world)).toHaveLength(5);
  });
});
