import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { MemoryInstances } from "../../test/memory-instances.ts";
import { newSite } from "../../test/points.ts";
import { appointNext, instanceName } from "./instance-store.ts";
import { cancelJob, readJob } from "./job-store.ts";
import { startJob } from "./start-job.ts";
import { supervise } from "./supervise.ts";

const DAY = 20_000;
const BUILD = "backfill_1";

let db: D1Database;
let site: { id: number; name: string };
beforeAll(async () => {
  db = await migratedDatabase();
  site = { id: await newSite(db, "a"), name: "a" };
});

type Actor = "supervise" | "pass on" | "end" | "cancel";
const actors: fc.Arbitrary<Actor[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant("supervise" as const) },
    { weight: 3, arbitrary: fc.constant("pass on" as const) },
    { weight: 3, arbitrary: fc.constant("end" as const) },
    { weight: 1, arbitrary: fc.constant("cancel" as const) },
  ),
  { minLength: 2, maxLength: 7 },
);

test("concurrent supervisors, instances and a cancel: one instance at a time", async () => {
  const seen = { replaced: 0, cancelled: 0 };
  const world = fc.asyncProperty(actors, fc.scheduler(), async (list, scheduler) => {
    await db.exec("DELETE FROM backfill_days; DELETE FROM backfill_jobs");
    const range = { first: DAY, last: DAY + 20 };
    const job = (await startJob(db, { backfillId: BUILD, range, siteIds: [site.id], selection: "all" }, 0))!;
    const engine = new MemoryInstances();
    await supervise(db, engine, () => 1);

    const turn = async <T>(execute: () => Promise<T>): Promise<T> => {
      await scheduler.schedule(Promise.resolve());
      return execute();
    };
    const slow = interceptedDatabase(db, turn);
    const instances = engine.behind(turn);
    let left = 0;
    const living = () => [...engine.states].findLast(([, state]) => state.is === "alive")?.[0];
    const play = async (actor: Actor): Promise<unknown> => {
      switch (actor) {
        case "supervise":
          return supervise(slow, instances, () => 2);
        case "cancel":
          return cancelJob(slow, 2);
        case "end":
          return turn(async () => {
            const name = living();
            if (name === undefined) return;
            engine.end(name);
            left++;
          });
        case "pass on": {
          const name = living();
          if (name === undefined) return;
          const { number } = engine.told.get(name)!;
          // as an instance does after its last day
          if ((await appointNext(slow, job, site.id, number, 2)) === number + 1) {
            left++;
            await instances.start({ ...job, site, number: number + 1 });
          }
          return turn(async () => engine.end(name));
        }
      }
    };
    await scheduler.waitFor(Promise.all(list.map(play)));
    await supervise(db, engine, () => 3);

    const isRunning = (await readJob(db))?.status === "in_progress";
    const atWork = await engine.atWork(db);
    expect(atWork).toHaveLength(isRunning ? 1 : 0);
    // each instance replaced one that had ended or handed over
    const numbers = [...engine.told.values()].map(({ number }) => number);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(left);
    if (isRunning) expect(atWork).toEqual([instanceName({ backfillId: BUILD, site, number: Math.max(...numbers) })]);
    // a further pass changes nothing
    const { starts } = engine;
    await supervise(db, engine, () => 4);
    expect(engine.starts).toBe(starts);
    seen.replaced += Math.max(...numbers);
    seen.cancelled += isRunning ? 0 : 1;
  });
  await fc.assert(world, { numRuns: 150 });
  // without races the property would prove nothing
  expect(seen.replaced).toBeGreaterThan(50);
  expect(seen.cancelled).toBeGreaterThan(20);
});
