import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { described, newSite } from "../../test/points.ts";
import { addDiscoveredPoints, loadCatalog, upsertPoints } from "./catalog.ts";

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

test("no block has points of two sites, in any order of arrival", async () => {
  const arrival = fc.tuple(fc.constantFrom(0, 1), fc.constantFrom("list", "data"), fc.integer({ min: 1, max: 150 }));
  let run = 0;
  let shared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(arrival, { minLength: 1, maxLength: 6, size: "max" }), async (arrivals) => {
      run++;
      const sites = [await newSite(db, `ses_block_a${run}`), await newSite(db, `ses_block_b${run}`)];
      const expected = [0, 0];
      for (const [turn, [site, from, count]] of arrivals.entries()) {
        const before = (await loadCatalog(db, sites[site]!)).size;
        // some names exist, and one appears twice
        const names = Array.from({ length: count }, (_, i) => `p/${Math.max(0, before - 3) + i}`);
        if (from === "data") await addDiscoveredPoints(db, sites[site]!, [...names, names[0]!]);
        else
          await upsertPoints(
            db,
            sites[site]!,
            names.map((name) => described(name, { label: `${turn}` })),
          );
        expected[site] = Math.max(before, Math.max(0, before - 3) + count);
      }
      const catalogs = await Promise.all(sites.map((site) => loadCatalog(db, site)));
      expect(catalogs.map(({ size }) => size)).toEqual(expected);
      const { results } = await db
        .prepare("SELECT id >> 7 AS block, min(site_id) AS a, max(site_id) AS b, count(*) AS n FROM points GROUP BY 1")
        .all<{ block: number; a: number; b: number; n: number }>();
      expect(results.filter(({ a, b }) => a !== b)).toEqual([]);
      // a site continues in its last block; other blocks are full except for duplicate names
      for (const [i, site] of sites.entries()) {
        const blocks = results.filter(({ a }) => a === site);
        if (blocks.length > 1) shared++;
        expect(blocks.length).toBeLessThanOrEqual(Math.ceil((expected[i]! + arrivals.length) / 128) + 1);
      }
    }),
    { numRuns: 15 },
  );
  expect(shared).toBeGreaterThan(3);
});
