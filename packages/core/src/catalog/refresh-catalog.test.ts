import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { newSite } from "../../test/points.ts";
import { createAceClient } from "../ace/client.ts";
import { findPoints } from "./point-list.ts";
import { refreshCatalog } from "./refresh-catalog.ts";

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

/** A client whose upstream lists these points. Something else happens before the list arrives. */
function listing(
  names: readonly string[],
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
  fields: Record<string, unknown> = {},
) {
  const items = names.map((name, id) => ({ id, name, ...fields }));
  const fetch = async () => {
    await meanwhile();
    return Response.json({ items, page: 1, pages: 1, per_page: 10_000, total: items.length });
  };
  return createAceClient({ baseUrl: "https://ace.test/api", apiKey: "k", fetch });
}

test("an overtaken list does not retire new points of the later list", async () => {
  const siteId = await newSite(db, "ses_overtaken");
  await refreshCatalog(db, listing(["a", "b"]), "ses_overtaken", siteId, 1);
  const later = () => refreshCatalog(db, listing(["a", "b", "new"]), "ses_overtaken", siteId, 3);
  await refreshCatalog(db, listing(["a"], later), "ses_overtaken", siteId, 2);
  const catalog = await refreshCatalog(db, listing(["a", "new"]), "ses_overtaken", siteId, 4);
  expect([...catalog.values()].map(({ name, configured }) => [name, configured])).toEqual([
    ["a", true],
    ["b", false],
    ["new", true],
  ]);
});

test("a name of invalid Unicode is left out, because D1 would merge such names", async () => {
  const siteId = await newSite(db, "ses_ill_formed");
  const catalog = await refreshCatalog(db, listing(["a\uDCB0", "a\uDCB1", "a"]), "ses_ill_formed", siteId, 1);
  expect([...catalog.keys()]).toEqual(["a"]);
});

test("an invalid cadence does not lose the site its catalogue", async () => {
  const siteId = await newSite(db, "ses_cadence");
  const strange = listing(["a"], undefined, { collect_interval: 1e300 });
  const catalog = await refreshCatalog(db, strange, "ses_cadence", siteId, 1);
  expect(catalog.get("a")).toMatchObject({ configured: true });
});

test("a list requested at the same time as another one does not confirm it", async () => {
  const siteId = await newSite(db, "ses_beside");
  await refreshCatalog(db, listing(["a", "b"]), "ses_beside", siteId, 1);
  const beside = () => refreshCatalog(db, listing(["a"]), "ses_beside", siteId, 2);
  const catalog = await refreshCatalog(db, listing(["a"], beside), "ses_beside", siteId, 2);
  expect(catalog.get("b")).toMatchObject({ configured: true });
  const later = await refreshCatalog(db, listing(["a"]), "ses_beside", siteId, 3);
  expect(later.get("b")).toMatchObject({ configured: false });
});

test("a quantity's history is listed as its weather point", async () => {
  const siteId = await newSite(db, "ses_weather_list");
  const names = ["ses/ses_weather_list/weather/temp", "ses/another/weather/temp"];
  const list = listing(names, undefined, {
    collect_interval: 300,
    bacnet_data: { object_units: "degrees-fahrenheit" },
  });
  const catalog = await refreshCatalog(db, list, "ses_weather_list", siteId, 1);
  expect([...catalog.keys()].sort()).toEqual(["ses/another/weather/temp", "weather.temperature"]);
  expect(await findPoints(db, "ses_weather_list", ["weather.temperature"])).toMatchObject(
    new Map([["weather.temperature", { label: "Outdoor temperature", unit: "°C", intervalS: null, configured: true }]]),
  );
});
