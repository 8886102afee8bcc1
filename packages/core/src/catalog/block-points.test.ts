import { z } from "zod";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { described, newSite } from "../../test/points.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";
import { parseUnits, unitsStatements } from "./block-points.ts";
import { addDiscoveredPoints, addWeatherPoints, loadCatalog } from "./catalog.ts";
import { replaceCatalog } from "./replace-catalog.ts";

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

const rowsSchema = z.array(z.object({ id: z.int(), name: z.string(), unit: z.string().nullable() }));

/** The names and units of a site, from its points and from their packed form. */
async function bothOf(siteId: number) {
  const { results } = await db.prepare("SELECT id, name, unit FROM points WHERE site_id = ?1").bind(siteId).all();
  const points = rowsSchema.parse(results).sort((a, b) => compareUtf8(a.name, b.name));
  const site = await db.prepare("SELECT name FROM sites WHERE id = ?1").bind(siteId).first<string>("name");
  const [blocks, meanings] = await db.batch(unitsStatements(db, site ?? ""));
  const units = parseUnits(blocks?.results, meanings?.results);
  return { points, packed: units.map(({ id, name, unit }) => ({ id, name, unit })) };
}

test("the packed names and units of a site equal its points, after any writer", async () => {
  const [siteId, other] = [await newSite(db, "ses_packed"), await newSite(db, "ses_other")];
  const list = async (site: number, count: number, unit: string, at: number) => {
    const points = Array.from({ length: count }, (_, i) => described(`p/${i}/😀～`, { unit, unitRaw: unit }));
    await replaceCatalog(db, site, await loadCatalog(db, site), points, at);
  };
  await list(siteId, 300, "°F", 1);
  await list(other, 3, "kW", 1);
  const before = await bothOf(siteId);
  expect(before.packed).toEqual(before.points);
  await addDiscoveredPoints(db, siteId, ["seen/1", "p/5/😀～", "seen/2"]);
  await addWeatherPoints(db, siteId, ["weather.temperature"]);
  await list(siteId, 310, "°C", 2);
  await list(other, 140, "kW", 2);
  for (const id of [siteId, other]) {
    const { packed, points } = await bothOf(id);
    expect(packed.length).toBeGreaterThanOrEqual(140);
    expect(packed).toEqual(points);
  }
});
