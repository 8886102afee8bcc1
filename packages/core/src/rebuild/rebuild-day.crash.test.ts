import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type CrashKind, CrashPoint, isWrite } from "../../test/crash-point.ts";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { LATE, LOSE_COLD, RebuildWorld } from "../../test/rebuild-world.ts";
import { storedDay } from "../../test/stored-day.ts";
let world: RebuildWorld;
let db: D1Database;
let bucket: R2Bucket;
beforeAll(async () => {
  world = await RebuildWorld.open("ses_rebuild");
  ({ db, bucket } = world);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
beforeEach(() => world.reset());

// A stopped process leaves the state after its last write. A failed call may or may not have taken effect.
describe.each<[what: string, kind: CrashKind, lethal: boolean]>([
  ["ends after any of its writes", "after", true],
  ["meets a failing call", "before", false],
  ["loses the answer to any of its writes", "after", false],
])("a rebuild that %s", (_, kind, lethal) => {
  test("can be repeated, and readers see all or nothing", async () => {
    await world.settled();
    await world.store(LATE);
    const answer = await world.queried();
    const before = await world.rows();
    for (let nth = 0; ; nth++) {
      await db.exec(LOSE_COLD);
      const crash = new CrashPoint(nth, kind, kind === "after" ? isWrite : undefined, undefined, lethal);
      const died = await world.rebuild({ db: crash.database(db), bucket: crash.bucket(bucket) });
      if (!crash.happened) {
        expect(nth).toBeGreaterThan(kind === "after" ? 0 : 7);
        expect(died.outcome).toBe("rebuilt");
        return;
      }
      const seen = await storedDay(db, bucket, world);
      expect([2, answer.length]).toContain(seen.length);
      expect(["rebuilt", "unchanged"]).toContain((await world.rebuild()).outcome);
      expect(await world.rows()).toEqual(before);
      expect(await world.queried()).toEqual(answer);
    }
  });
});

describe.each(["nothing of", "an older row of"])("a settling during a rebuild, while D1 has %s the day,", (knows) => {
  test("loses nothing at any of the rebuild's calls, and keeps its row", async () => {
    const outcomes = new Set<string>();
    const prepare = preparedStorage(
      async () => {
        await world.settled();
        await world.store(LATE);
      },
      bucket,
      [db],
    );
    for (let nth = 0; ; nth++) {
      await prepare();
      const expected = await world.queried();
      if (knows === "nothing of") await db.exec(LOSE_COLD);
      else await db.exec("DELETE FROM block_days");
      let calls = 0;
      const meanwhile = async <T>(execute: () => Promise<T>): Promise<T> => {
        const result = await execute();
        if (calls++ === nth) await world.archive();
        return result;
      };
      const { outcome } = await world.rebuild({ bucket: interceptedBucket(bucket, meanwhile) });
      if (calls <= nth) break;
      outcomes.add(outcome);
      await world.rebuild();
      expect(await world.queried()).toEqual(expected);
      await world.archive();
      expect(await world.rebuild()).toMatchObject({ outcome: "unchanged" });
      expect(await world.queried()).toEqual(expected);
      expect(await db.prepare("SELECT count(*) AS n FROM segments").first("n")).toBe(0);
    }
    expect(outcomes.has("failed")).toBe(false);
  });
});
