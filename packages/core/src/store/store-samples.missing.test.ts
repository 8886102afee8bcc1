import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { PointSamples } from "../domain/samples.ts";
import { readSeries } from "./read.ts";
import { addMissingSamples, upsertSamples } from "./upsert.ts";

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  await db.exec("INSERT INTO sites (id, name) VALUES (1, 's')");
  for (const id of [1, 2]) {
    await db.exec(
      `INSERT INTO points (id, site_id, name, source, configured, tags) VALUES (${id}, 1, 'p${id}', 'catalog', 1, '{}')`,
    );
  }
});

type Held = ReadonlyMap<string, number>;

function samplesOf(held: Held): PointSamples {
  const keys = [...held.keys()].map((key) => key.split(" ").map(Number));
  return {
    pointIds: Int32Array.from(keys, ([id = 0]) => id),
    times: Float64Array.from(keys, ([, time = 0]) => time),
    values: Float64Array.from(held.values()),
    length: held.size,
  };
}

async function stored(): Promise<Held> {
  const series = await readSeries(db, [1, 2], { start: 0, end: 3 * HOUR_MS });
  return new Map(
    [...series].flatMap(([id, { times, values }]) =>
      [...times].map((time, i): [string, number] => [`${id} ${time}`, values[i]!]),
    ),
  );
}

const sorted = (held: Held) => [...held].sort(([a], [b]) => (a < b ? -1 : 1));
const version = async () => await db.prepare("SELECT total(version) AS n FROM hot_hours").first<number>("n");

test("what is there stays, what is missing comes, the counts tell, and a second time changes nothing", async () => {
  const at = fc
    .tuple(fc.constantFrom(1, 2), fc.constantFrom(0, 1, HOUR_MS, HOUR_MS + 7))
    .map(([id, time]) => `${id} ${time}`);
  const value = fc.constantFrom(0, -0, 25.517500000000002, 5e-324);
  const held = fc.array(fc.tuple(at, value), { maxLength: 6 }).map((pairs) => new Map(pairs));
  let refused = 0;
  await fc.assert(
    fc
      .asyncProperty(held, held, async (before, more) => {
        await upsertSamples(db, samplesOf(before));
        const counts = await addMissingSamples(db, samplesOf(more), []);
        const expected = new Map([...more, ...before]);
        expect(sorted(await stored())).toEqual(sorted(expected));
        const known = [...more].filter(([key]) => before.has(key));
        const differing = known.filter(([key, one]) => !Object.is(before.get(key), one));
        expect(counts).toEqual({
          inserted: more.size - known.length,
          changed: differing.length,
          unchanged: known.length - differing.length,
          superseded: 0,
        });
        refused += differing.length;
        const was = await version();
        expect(await addMissingSamples(db, samplesOf(more), [])).toMatchObject({ inserted: 0 });
        expect(await version()).toBe(was);
      })
      .beforeEach(async () => {
        await db.exec("DELETE FROM sample_hours; DELETE FROM hot_hours");
      }),
    { numRuns: 120 },
  );
  expect(refused).toBeGreaterThan(10);
});
