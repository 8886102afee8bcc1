import { createBuilding } from "@building-vitals/ace-simulator/building";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { storedSamples } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

test("of two rows in one millisecond the later is kept, the other counted", async () => {
  const source = createBuilding({ seed: 2, site: "ses_ms", timezone: "UTC", points: 1, weather: false });
  const world = new SyncWorld({ db, source, now: START });
  const { upstream } = world;
  const { name } = source.points[0]!;
  const row = (value: string, micros: number) => ({ name, value, time: `2025-10-12T14:00:00.${micros}` });
  const rows = [row("1", 500_100), row("2", 500_900), row("3", 501_000), row("3", 501_400)];
  world.upstream = async (request) =>
    request.url.includes("/timeseries/")
      ? Response.json({ point_samples: rows, next_cursor: null, has_more: false })
      : upstream(request);
  const counts = { recordsFetched: 4, recordsChanged: 0, recordsRejected: { same_millisecond: 1 } };
  expect(await world.sync()).toMatchObject({ ...counts, recordsInserted: 2, recordsUnchanged: 1 });
  await world.clock.sleep(5 * MINUTE_MS);
  expect(await world.sync()).toMatchObject({ ...counts, recordsInserted: 0, recordsUnchanged: 3 });
  const { siteId } = await world.state();
  const second = Date.UTC(2025, 9, 12, 14);
  expect(await storedSamples(db, siteId, { start: second, end: second + 1_000 })).toEqual([
    `${name} ${second + 500} 2`,
    `${name} ${second + 501} 3`,
  ]);
});
