import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { sitesSettingSchema } from "../domain/site.ts";
import { countedBinding } from "./counted-binding.ts";
import { byDatabase, databaseOf, eachDatabase, otherDatabases } from "./site-databases.ts";

const SITES = sitesSettingSchema.parse(
  JSON.stringify([
    { name: "a", timezone: "UTC" },
    { name: "b", timezone: "UTC", database: "DB_2" },
    { name: "c", timezone: "UTC", database: "DB" },
    { name: "d", timezone: "UTC", database: "DB_10" },
    { name: "e", timezone: "UTC", database: "DB_2" },
  ]),
);
// the test needs distinct objects only
const [two, ten] = [env.DB.withSession(), env.DB.withSession()].map((session) =>
  Object.assign(Object.create(env.DB), { session }),
);
const bindings = { DB: env.DB, DB_2: two, DB_10: ten, DB_3: env.DB };

test("a site is in the database that SITES names for it, by default in DB", () => {
  const databases = { DB: env.DB, otherDatabases: otherDatabases(bindings, SITES) };
  expect(SITES.map((site) => databaseOf(databases, site) === env.DB)).toEqual([true, false, true, false, false]);
  expect(eachDatabase(databases).map(([binding]) => binding)).toEqual(["DB", "DB_2", "DB_10"]);
  const groups = byDatabase(databases, SITES).map(({ binding, db, sites }) => [
    binding,
    db,
    sites.map(({ name }) => name),
  ]);
  expect(groups).toEqual([
    ["DB", env.DB, ["a", "c"]],
    ["DB_2", countedBinding(two), ["b", "e"]],
    ["DB_10", countedBinding(ten), ["d"]],
  ]);
});

test("an unbound database is named, with the site that needs it", () => {
  const wrong = () => otherDatabases({ DB: env.DB, DB_2: two }, SITES);
  expect(wrong).toThrow('DB_10: is not bound, but SITES puts the site "d" there');
  expect(() => otherDatabases({ DB_2: "text", DB_10: ten }, SITES)).toThrow("DB_2");
});

test.each(["", "DB_0", "DB_01", "db_1", "DB_1 ", "TIMESERIES"])(
  "%j is refused as the name of a database",
  (database) => {
    const text = JSON.stringify([{ name: "a", timezone: "UTC", database }]);
    expect(sitesSettingSchema.safeParse(text).error?.message).toContain("must be DB, or DB_1, DB_2");
  },
);
