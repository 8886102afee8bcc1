import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type CrashKind, CrashPoint } from "../../test/crash-point.ts";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { LATE, LOSE_COLD, RepairWorld } from "../../test/repair-world.ts";
import { storedDay } from "../../test/stored-day.ts";
let world: RepairWorld;
let db: D1Database;
let bucket: R2Bucket;
beforeAll(async () => {
  world = await RepairWorld.open("ses_repair");
  ({ db, bucket } = world);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
beforeEach(() => world.reset());

describe.each<CrashKind>(["before", "after"])("a repair that dies %s any of its calls", (kind) => {
  test.each([true, false])("can be repeated; readers see all or nothing (the process ends: %s)", async (lethal) => {
    await world.archived();
    await world.store(LATE);
    const answer = await world.queried();
    const before = await world.rows();
    for (let nth = 0; ; nth++) {
      await db.exec(LOSE_COLD);
      const crash = new CrashPoint(nth, kind, undefined, undefined, lethal);
      const died = await world.repair({ db: crash.database(db), bucket: crash.bucket(bucket) });
      if (!crash.happened) {
        expect(nth).toBeGreaterThan(7);
        expect(died.outcome).toBe("repaired");
        return;
      }
      const seen = await storedDay(db, bucket, world);
      expect([2, answer.length]).toContain(seen.length);
      expect(["repaired", "unchanged"]).toContain((await world.repair()).outcome);
      expect(await world.rows()).toEqual(before);
      expect(await world.queried()).toEqual(answer);
    }
  });
});

describe.each(["nothing of", "an older row of"])(
  "an archive that runs during a repair of a day, D1 having %s it,",
  (knows) => {
    test("at any of the repair's calls: nothing is lost, and the manifest is the archive's", async () => {
      const outcomes = new Set<string>();
      for (let nth = 0; ; nth++) {
        await world.reset();
        await world.archived();
        await world.store(LATE);
        const expected = await world.queried();
        if (knows === "nothing of") await db.exec(LOSE_COLD);
        else await db.exec("DELETE FROM block_days");
        let calls = 0;
        const meanwhile = async <T>(execute: () => Promise<T>): Promise<T> => {
          const result = await execute();
          if (calls++ === nth) await world.archive();
          return result;
        };
        const { outcome } = await world.repair({ bucket: interceptedBucket(bucket, meanwhile) });
        if (calls <= nth) break;
        outcomes.add(outcome);
        await world.repair();
        expect(await world.queried()).toEqual(expected);
        await world.archive();
        expect(await world.repair()).toMatchObject({ outcome: "unchanged" });
        expect(await world.queried()).toEqual(expected);
        expect(await db.prepare("SELECT count(*) AS n FROM segments").first("n")).toBe(0);
      }
      expect(outcomes.has("failed")).toBe(false);
    });
  },
);
