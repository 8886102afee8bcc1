import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { pointSamples } from "../../test/points.ts";
import { sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { DayFileChanged } from "../r2/file-error.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { DAY_MS, dayRange, dayStart } from "../domain/day.ts";
import { upsertSamples } from "../../test/store.ts";
import { refreshCatalog } from "../catalog/refresh-catalog.ts";
import { createDayBuilder } from "./day-builder.ts";
import { importDay } from "./import-day.ts";

const DAY = 20_373;
const source = createBuilding({
  seed: 3,
  site: "ses_import",
  timezone: "America/Chicago",
  points: 5,
  collectInterval: 300,
});
const expected = sourceSamples(source, dayRange(DAY));
const now = () => dayStart(DAY) + 3 * DAY_MS;

let db: D1Database;
let site: { id: number; name: string };
beforeAll(async () => {
  db = await migratedDatabase();
  const world = new SyncWorld({ db, source, now: now() });
  site = { id: (await world.state()).siteId, name: source.site.name };
  await refreshCatalog(db, world.client(), site.name, site.id, 1);
  const context = {
    db,
    bucket: env.TIMESERIES,
    newClient: () => world.client(),
    replaceSuspect: false,
    hotDays: 0,
    now,
  };
  const builder = createDayBuilder({ ...context, pageSize: 1000 });
  const build = { build: "build_1", site, day: DAY };
  const asked: number[] = [];
  for (let hour = 0; hour < 24; hour++) asked.push((await builder.fetchHour(build, hour)).asked);
  await builder.publishDay(build, await builder.mergeDay(build, asked));
});
beforeEach(async () => {
  await db.exec("DELETE FROM segments; DELETE FROM hot_hours; DELETE FROM block_latest");
});

const hot = () => storedSamples(db, site.id, dayRange(DAY));
const run = () => importDay(db, env.TIMESERIES, site, DAY);

const stamp = () => db.prepare("SELECT stamp FROM site_clocks WHERE site_id = ?1").bind(site.id).first("stamp");

it("stores every sample of a day bit for bit; a repeat writes nothing", async () => {
  expect(await run()).toEqual({ day: DAY, state: "written", samples: expected.length });
  expect(await hot()).toEqual(expected);
  const before = await stamp();
  expect(await run()).toMatchObject({ samples: expected.length });
  expect(await stamp()).toEqual(before);
});

it("keeps samples that segments already hold", async () => {
  const [name, time] = expected[100]!.split(" ");
  const { id } = (await loadCatalog(db, site.id)).get(name!)!;
  const late = [
    [id, Number(time), 123.5],
    [id, Number(time) + 1, -0],
  ] as const;
  await upsertSamples(db, pointSamples(late));
  await run();
  const changed = [
    ...expected.filter((line) => line !== expected[100]),
    `${name} ${time} 123.5`,
    `${name} ${Number(time) + 1} -0`,
  ];
  expect(await hot()).toEqual(changed.sort());
});

it("stores nothing of a file that is replaced while it is read", async () => {
  const etag = await db.prepare("SELECT etag FROM day_files WHERE site_id = ?1").bind(site.id).first("etag");
  const publish = "UPDATE day_files SET etag = ?2 WHERE site_id = ?1";
  const racing = interceptedDatabase(db, async (execute, statements) => {
    if (statements > 1) await db.prepare(publish).bind(site.id, "a later one").run();
    return execute();
  });
  try {
    await expect(importDay(racing, env.TIMESERIES, site, DAY)).rejects.toThrow(DayFileChanged);
    expect(await hot()).toEqual([]);
  } finally {
    await db.prepare(publish).bind(site.id, etag).run();
  }
});

it("imports nothing of a day without a file", async () => {
  expect(await importDay(db, env.TIMESERIES, site, DAY + 1)).toEqual({ day: DAY + 1, state: "missing", samples: 0 });
  expect(await hot()).toEqual([]);
});

it("refuses an object that is not the published file", async () => {
  const key = dayFileKey(site.name, DAY);
  const file = await (await env.TIMESERIES.get(key))!.arrayBuffer();
  await env.TIMESERIES.put(key, file.slice(1));
  await expect(run()).rejects.toThrow(DayFileChanged);
  expect(await hot()).toEqual([]);
});
