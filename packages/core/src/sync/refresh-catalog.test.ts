import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { newSite } from "../../test/points.ts";
import { createAceClient } from "../ace/client.ts";
import { refreshCatalog } from "./refresh-catalog.ts";

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

/** A client whose upstream lists these points; before the list arrives, something else happens. */
function listing(
  names: readonly string[],
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
  more: Record<string, unknown> = {},
) {
  const items = names.map((name, id) => ({ id, name, ...more }));
  const fetch = async () => {
    await meanwhile();
    return Response.json({ items, page: 1, pages: 1, per_page: 10_000, total: items.length });
  };
  return createAceClient({ baseUrl: "https://ace.test/api", apiKey: "k", fetch });
}

test("a list that another one overtook does not retire the points that only the later one has", async () => {
  const siteId = await newSite(db, "ses_overtaken");
  await refreshCatalog(db, listing(["a", "b"]), "ses_overtaken", siteId, 1);
  const later = () => refreshCatalog(db, listing(["a", "b", "new"]), "ses_overtaken", siteId, 3);
  const catalog = await refreshCatalog(db, listing(["a"], later), "ses_overtaken", siteId, 2);
  expect([...catalog.values()].map(({ name, configured }) => [name, configured])).toEqual([
    ["a", true],
    ["b", false],
    ["new", true],
  ]);
});

test("a name that is no Unicode is left out: D1 would make the same other name of two of them", async () => {
  const siteId = await newSite(db, "ses_ill_formed");
  const catalog = await refreshCatalog(db, listing(["a\uDCB0", "a\uDCB1", "a"]), "ses_ill_formed", siteId, 1);
  expect([...catalog.keys()]).toEqual(["a"]);
});

test("a cadence that no point has does not cost the site its catalogue", async () => {
  const siteId = await newSite(db, "ses_cadence");
  const strange = listing(["a"], undefined, { collect_interval: 1e300 });
  const catalog = await refreshCatalog(db, strange, "ses_cadence", siteId, 1);
  expect(catalog.get("a")).toMatchObject({ configured: true });
});
