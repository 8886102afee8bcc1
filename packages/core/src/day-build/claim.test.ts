import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { newPoints, newSite, pointSamples } from "../../test/points.ts";
import { queriedDay } from "../../test/queried-day.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { DAY_MS, dayStart } from "../domain/day.ts";
import { storeSamples } from "../store/store-samples.ts";
import { settleFromSegments } from "./settle-from-segments.ts";

const DAY = 20_373;
const START = dayStart(DAY);

test("an answered value stays, although an earlier build is published later", async () => {
  vi.spyOn(console, "error").mockReturnValue();
  const db = await migratedDatabase();
  const site = { id: await newSite(db, "ses_commit"), name: "ses_commit" };
  const [a, b] = await newPoints(db, site.id, ["a", "b"]);
  const now = () => START + 2 * DAY_MS;
  const store = (id: number, value: number, asked: number) =>
    storeSamples({ db, siteId: site.id, now }, pointSamples([[id, START + 1, value]]), asked);
  await store(a!, 1, 100);
  await store(b!, 7, 300);
  let stored = 0;
  const racing = interceptedDatabase(db, async (execute, _, queries) => {
    if (stored === 0 && queries.some((query) => query.includes("'its first build has not ended'"))) {
      stored++;
      // a page that was requested before the sample of b
      await store(a!, 2, 200);
    }
    return execute();
  });
  const settle = (through: D1Database, build: string) =>
    settleFromSegments({ db: through, bucket: env.TIMESERIES, hotDays: 0, now }, { build, site, day: DAY });
  const answer = [`a ${START + 1} 2`, `b ${START + 1} 7`];
  const query = () => queriedDay(db, env.TIMESERIES, { site, day: DAY });

  expect((await settle(racing, "first")).outcome).toBe("conflict");
  expect(stored).toBe(1);
  expect(await query()).toEqual(answer);
  expect((await settle(db, "second")).outcome).toBe("settled");
  expect(await query()).toEqual(answer);
});
