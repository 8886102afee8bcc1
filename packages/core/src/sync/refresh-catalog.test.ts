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
function listing(names: readonly string[], meanwhile: () => Promise<unknown> = () => Promise.resolve()) {
  const items = names.map((name, id) => ({ id, name }));
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
