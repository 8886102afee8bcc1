import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { z } from "zod";
import { syncSites } from "./sync-sites.ts";

const POINTS = 4_583;
const START = Date.UTC(2025, 9, 12, 14, 30);

const metaSchema = z.object({ meta: z.object({ rows_written: z.int() }) });

test("a sync of the real site's size stays within its costs", async () => {
  const db = await migratedDatabase();
  const source = createBuilding({
    seed: 1,
    site: "ses_cost",
    timezone: "America/Chicago",
    points: POINTS,
    collectInterval: 60,
  });
  const world = new SyncWorld({ db, source, now: START, initialLookbackMs: 15 * MINUTE_MS });
  let statements = 0;
  let rowsWritten = 0;
  const metered = interceptedDatabase(db, async (execute, count) => {
    const answer = await execute();
    statements += count;
    for (const result of Array.isArray(answer) ? answer : [answer]) {
      const measured = metaSchema.safeParse(result);
      if (measured.success) rowsWritten += measured.data.meta.rows_written;
    }
    return answer;
  });
  const run = async () => {
    [statements, rowsWritten] = [0, 0];
    world.asked.length = 0;
    const { sites } = await syncSites(world.runContext(env.ETL_STATE), [{ db: metered, sites: [world.site] }]);
    expect(sites[0]).toMatchObject({ complete: true, errors: [] });
    return sites[0]!;
  };
  await run();
  await world.clock.sleep(5 * MINUTE_MS);
  const warm = await run();
  expect(warm.recordsInserted).toBeGreaterThanOrEqual(5 * POINTS);
  expect(warm.recordsInserted).toBeLessThan(5 * POINTS + 20);
  expect(world.asked.length).toBe(warm.apiCalls);
  expect(warm.apiCalls).toBeLessThanOrEqual(5);
  expect(statements).toBeLessThanOrEqual(15);
  // a segment and the newest values of each of 36 blocks and of the weather's; the site's clock and state, the hour,
  // the journal and the counters; five dead letters of unconfigured points, with their index entries
  expect(rowsWritten).toBeLessThanOrEqual(100);

  // no new sample: only the state, the journal and the counters are written
  const again = await run();
  expect(again).toMatchObject({ recordsInserted: 0, complete: true });
  expect(rowsWritten).toBeLessThanOrEqual(3);
});
