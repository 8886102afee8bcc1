import { beforeAll, expect, test } from "vitest";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { migratedDatabase } from "../../test/database.ts";
import { described, newSite } from "../../test/points.ts";
import { addDiscoveredPoints, addWeatherPoints, loadCatalog, upsertPoints } from "./catalog.ts";
import { findSitePoints } from "./point-index.ts";
import { newVersionOfCadences } from "./sites.ts";

let db: D1Database;
let calls = 0;
beforeAll(async () => {
  db = interceptedDatabase(await migratedDatabase(), async (execute) => {
    calls++;
    return execute();
  });
});

/** The points' fields, and the round trips that reading them took. */
async function read(site: string) {
  calls = 0;
  const { index } = await findSitePoints(db, site);
  return { calls, points: index.points.map((point) => ({ ...point, id: 0 })) };
}

const FULL = {
  label: "VAV 1 Room Temp",
  unit: "°F",
  unitRaw: "degF",
  tags: { kv: { "k:": 'v"' }, markers: ["zone"] },
  device: "VAV 1",
  intervalS: 60,
};
const EMPTY = { label: null, unit: null, unitRaw: null, tags: { kv: {}, markers: [] }, device: null, intervalS: null };

test("an unknown site, and one without points, cost one statement", async () => {
  expect(await read("ses_unknown")).toEqual({ calls: 1, points: [] });
  await newSite(db, "ses_bare");
  expect(await read("ses_bare")).toEqual({ calls: 1, points: [] });
});

test("the points are read once for each version", async () => {
  const siteId = await newSite(db, "ses_index");
  await upsertPoints(db, siteId, [described("b", FULL)]);
  const first = { id: 0, name: "b", ...FULL };
  expect(await read("ses_index")).toEqual({ calls: 2, points: [first] });
  expect(await read("ses_index")).toEqual({ calls: 1, points: [first] });
  // nothing changes, so nothing is read anew
  await upsertPoints(db, siteId, [described("b", FULL)]);
  expect((await read("ses_index")).calls).toBe(1);
});

test("every change of the catalogue is seen at once", async () => {
  const siteId = await newSite(db, "ses_changes");
  await upsertPoints(db, siteId, [described("b", FULL), described("c")]);
  const { id } = (await loadCatalog(db, siteId)).get("c")!;
  const changes: Record<string, [() => Promise<unknown>, object]> = {
    label: [() => upsertPoints(db, siteId, [described("c", { label: "C" })]), { label: "C" }],
    unit: [() => upsertPoints(db, siteId, [described("c", { unit: "%", unitRaw: "percent" })]), { unit: "%" }],
    tags: [() => upsertPoints(db, siteId, [described("c", { tags: FULL.tags })]), { tags: FULL.tags }],
    device: [() => upsertPoints(db, siteId, [described("c", { device: "D" })]), { device: "D" }],
    cadence: [() => upsertPoints(db, siteId, [described("c", { intervalS: 5 })]), { intervalS: 5 }],
  };
  for (const [name, [change, expected]] of Object.entries(changes)) {
    await read("ses_changes");
    await change();
    expect((await read("ses_changes")).points[1], name).toMatchObject({ name: "c", ...expected });
  }
  await addDiscoveredPoints(db, siteId, ["d"]);
  await addWeatherPoints(db, siteId, ["weather.clouds"]);
  expect((await read("ses_changes")).points.map(({ name }) => name)).toEqual(["b", "c", "d", "weather.clouds"]);
  expect((await read("ses_changes")).points[2]).toEqual({ id: 0, name: "d", ...EMPTY });

  // a measured cadence: only one that differs is a new version
  await newVersionOfCadences(db, siteId, JSON.stringify([[id, 5]])).run();
  expect((await read("ses_changes")).calls).toBe(1);
  await newVersionOfCadences(db, siteId, JSON.stringify([[id, 7]])).run();
  expect((await read("ses_changes")).calls).toBe(2);
});

test("many sites take turns in what is kept", async () => {
  const sites = ["ses_many_1", "ses_many_2", "ses_many_3"];
  for (const site of sites) {
    const siteId = await newSite(db, site);
    await upsertPoints(
      db,
      siteId,
      Array.from({ length: 300 }, (_, i) => described(`${site}/${i}`)),
    );
  }
  for (const site of [...sites, ...sites]) {
    const { points } = await read(site);
    expect(points.map(({ name }) => name)).toEqual(Array.from({ length: 300 }, (_, i) => `${site}/${i}`));
  }
});
