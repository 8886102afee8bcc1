import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { readSyncStates } from "../sync/sync-state.ts";
import { addCounts, readCounts, storeCounts } from "./site-counters.ts";

let db: D1Database;
let ids: Map<string, number>;
beforeAll(async () => {
  db = await migratedDatabase();
  const states = await readSyncStates(db, ["a", "b"]);
  ids = new Map([...states].map(([name, { siteId }]) => [name, siteId]));
});

const countsOf = async (site: string) => (await readCounts(db, [site], ["sync"]))[0]?.counts;

test("counters add up over runs, each name separately", async () => {
  await storeCounts(db, "gaps", "1", ids.get("a")!, { pages: 2, "requests:2xx": 5 });
  await storeCounts(db, "gaps", "2", ids.get("a")!, { pages: 1, "rejected:null": 3 });
  await storeCounts(db, "lists", "2", ids.get("a")!, { pages: 7 });
  expect(await readCounts(db, ["a", "b"], ["gaps", "lists"])).toEqual([
    { site: "a", job: "gaps", counts: { pages: 3, "requests:2xx": 5, "rejected:null": 3 } },
    { site: "a", job: "lists", counts: { pages: 7 } },
  ]);
});

test("a run with a lost answer is added once; a run without counts writes nothing", async () => {
  await storeCounts(db, "sync", "run 1", ids.get("b")!, { pages: 1 });
  await storeCounts(db, "sync", "run 1", ids.get("b")!, { pages: 1 });
  expect(await countsOf("b")).toEqual({ pages: 1 });
  await storeCounts(db, "sync", "run 2", ids.get("b")!, {});
  expect(await countsOf("b")).toEqual({ pages: 1 });
});

test("a run writes one row per site", async () => {
  const rows = [...ids.values()].map((siteId) => ({ siteId, counts: { pages: 1, retries: 4 } }));
  await addCounts(db, "backfill", "first", rows).run();
  const { meta } = await addCounts(db, "backfill", "second", rows).run();
  expect(meta.rows_written).toBe(2);
});

test("a counter is the sum of its runs, in any order", async () => {
  const name = fc.oneof(fc.constantFrom("pages", "requests:2xx", "samples:inserted"), fc.string());
  const counts = fc.dictionary(name, fc.integer({ min: 1, max: 2 ** 40 }), {
    minKeys: 1,
    maxKeys: 5,
    noNullPrototype: true,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(counts, { minLength: 1, maxLength: 6 }), async (runs) => {
      await db.prepare("DELETE FROM site_counters").run();
      const sum = new Map<string, number>();
      for (const [i, run] of runs.entries()) {
        await storeCounts(db, "sync", String(i), ids.get("a")!, run);
        for (const [key, count] of Object.entries(run)) sum.set(key, (sum.get(key) ?? 0) + count);
      }
      expect(new Map(Object.entries((await countsOf("a")) ?? {}))).toEqual(sum);
    }),
    { numRuns: 25, examples: [[[JSON.parse('{"__proto__":1,"":1}'), { "": 1 }]]] },
  );
});
