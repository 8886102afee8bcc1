import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type CrashKind, CrashPoint, isWrite } from "../../test/crash-point.ts";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
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

// A process that ends leaves what its last write left; a call that fails may have been made or not.
describe.each<[what: string, kind: CrashKind, lethal: boolean]>([
  ["ends after any of its writes", "after", true],
  ["meets a call that fails", "before", false],
  ["loses the answer of any of its writes", "after", false],
])("a repair that %s", (_, kind, lethal) => {
  test("can be repeated; readers see all or nothing", async () => {
    await world.archived();
    await world.store(LATE);
    const answer = await world.queried();
    const before = await world.rows();
    for (let nth = 0; ; nth++) {
      await db.exec(LOSE_COLD);
      const crash = new CrashPoint(nth, kind, kind === "after" ? isWrite : undefined, undefined, lethal);
      const died = await world.repair({ db: crash.database(db), bucket: crash.bucket(bucket) });
      if (!crash.happened) {
        expect(nth).toBeGreaterThan(kind === "after" ? 0 : 7);
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
      const prepare = preparedStorage(
        async () => {
          await world.archived();
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
