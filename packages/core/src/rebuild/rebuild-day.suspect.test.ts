import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { newSite } from "../../test/points.ts";
import { LATE, LOSE_COLD, RebuildWorld } from "../../test/rebuild-world.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
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

describe("objects that are refused", () => {
  /** Returns the reason of the refusal. Checks that it is stored, and that a further rebuild writes nothing. */
  const suspicion = async (): Promise<string | null> => {
    const found = await world.rebuild();
    expect(found.outcome).toBe("suspect");
    expect(await readManifestDay(db, world.site.id, world.day)).toMatchObject({
      state: "suspect",
      reason: found.reason,
    });
    expect(await db.prepare("SELECT count(*) AS n FROM block_days").first("n")).toBe(0);
    const all = await world.stored();
    expect((await world.rebuild()).outcome).toBe("suspect");
    expect(await world.stored()).toEqual(all);
    return found.reason;
  };

  test("a file damaged at any byte; the object stays unchanged", async () => {
    await world.settled();
    const { bytes, metadata } = await world.object();
    await db.exec(LOSE_COLD);
    for (let at = 0; at < bytes.length; at += 83) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x10;
      await bucket.put(world.key, damaged, { customMetadata: metadata });
      expect((await world.rebuild()).outcome).toBe("suspect");
      expect((await world.object()).bytes).toEqual(damaged);
    }
    expect(await suspicion()).toContain("at byte");
    await bucket.put(world.key, bytes, { customMetadata: metadata });
    expect(await world.rebuild()).toMatchObject({ outcome: "rebuilt" });
  });

  test.each([0, 1, 20, -1])("a file cut at %i", async (end) => {
    await world.settled();
    const { bytes } = await world.object();
    await db.exec(LOSE_COLD);
    await bucket.put(world.key, bytes.slice(0, end));
    expect(await suspicion()).toContain("at byte");
  });

  test("another program's object", async () => {
    await bucket.put(world.key, "not what was written".repeat(10));
    expect(await suspicion()).toContain("does not end with PAR1");
  });

  test("the file of another day or site", async () => {
    await world.settled();
    const { bytes } = await world.object();
    for (const [name, day] of [["ses_rebuild", world.day + 1] as const, ["ses_other", world.day] as const]) {
      const other = { db, name, id: name === world.site.name ? world.site.id : await newSite(db, name) };
      await bucket.put(dayFileKey(name, day), bytes);
      expect(await rebuildDay(world.context(), other, day)).toMatchObject({
        outcome: "suspect",
        reason: expect.stringContaining("another site or day"),
      });
    }
  });

  test("an older file put back over the published one", async () => {
    await world.settled();
    const { bytes, metadata } = await world.object();
    await world.settled(LATE);
    await bucket.put(world.key, bytes, { customMetadata: metadata });
    expect(await world.rebuild()).toMatchObject({ outcome: "suspect", reason: expect.stringContaining("older file") });
    expect(await readManifestDay(db, world.site.id, world.day)).toMatchObject({ state: "suspect", generation: 2 });
  });

  test("a missing file, which the manifest then records", async () => {
    await world.settled();
    await bucket.delete(world.key);
    expect(await world.rebuild({ dryRun: true })).toMatchObject({ outcome: "missing" });
    expect(await readManifestDay(db, world.site.id, world.day)).toMatchObject({ state: "written" });
    expect(await world.rebuild()).toMatchObject({ outcome: "missing", reason: "its file is gone" });
    expect(await readManifestDay(db, world.site.id, world.day)).toMatchObject({
      state: "suspect",
      reason: "its file is gone",
    });
  });
});
