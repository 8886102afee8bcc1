import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { meteredDatabase } from "../../test/metered-database.ts";
import { described, newSite } from "../../test/points.ts";
import type { PointDescription } from "../domain/point.ts";
import { addDiscoveredPoints, addWeatherPoints, type Catalog, loadCatalog } from "./catalog.ts";
import { readListState } from "./refresh-catalog.ts";
import { EmptyCatalogError, replaceCatalog } from "./replace-catalog.ts";

let db: D1Database;
/** rows written through `metered`, without the note of a list */
let written = 0;
let metered: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  metered = meteredDatabase(db, ({ rows, queries }) => {
    if (!queries.some((query) => /^UPDATE sites SET (catalog_at|held_list)/.test(query))) written += rows;
  });
});

const replace = async (siteId: number, points: readonly PointDescription[], at = 1) => {
  const { held } = await readListState(db, siteId);
  return replaceCatalog(metered, siteId, await loadCatalog(db, siteId), points, at, held);
};

interface Row {
  source: string;
  configured: number;
  label: string | null;
  device: string | null;
  unit: string | null;
  unit_raw: string | null;
  tags: string;
  interval_s: number | null;
  interval_source: string | null;
}

async function rowsOf(siteId: number): Promise<Map<string, Row>> {
  const { results } = await db
    .prepare(
      `SELECT name, source, configured, label, device, unit, unit_raw, tags, interval_s, interval_source
       FROM points WHERE site_id = ?1`,
    )
    .bind(siteId)
    .all<Row & { name: string }>();
  return new Map(results.map(({ name, ...row }) => [name, row]));
}

/** The expected table after a list was applied. @param missed names that the list before left out */
function applied(rows: Map<string, Row>, points: readonly PointDescription[], missed: Set<string>): Map<string, Row> {
  const after = new Map(rows);
  const listed = new Set(points.map((point) => point.name));
  const collected = [...rows].filter(([, { source, configured }]) => source === "catalog" && configured === 1);
  const absent = collected.map(([name]) => name).filter((name) => !listed.has(name));
  const isHeld = absent.filter((name) => !missed.has(name)).length * 10 > collected.length;
  missed.clear();
  for (const name of absent) {
    if (isHeld) missed.add(name);
    else after.set(name, { ...rows.get(name)!, configured: 0 });
  }
  for (const { name, label, unit, unitRaw, tags, device, intervalS } of points) {
    const before = rows.get(name);
    const keepsMeasured = intervalS === null && before?.interval_source === "measured";
    const cadence = keepsMeasured
      ? { interval_s: before.interval_s, interval_source: "measured" }
      : { interval_s: intervalS, interval_source: intervalS === null ? null : "configured" };
    const texts = { device, label, unit, unit_raw: unitRaw, tags: JSON.stringify(tags) };
    const source = name === "weather.temperature" ? "weather" : "catalog";
    after.set(name, { source, configured: 1, ...texts, ...cadence });
  }
  return after;
}

const anyName = fc.constantFrom("a", "b/b", "c,c", 'd"d', "ä", "weather.temperature");
const anyPoint: fc.Arbitrary<PointDescription> = fc.record({
  name: anyName,
  label: fc.constantFrom(null, "Label", "it's"),
  unit: fc.constantFrom(null, "°F"),
  unitRaw: fc.constantFrom(null, "degF"),
  tags: fc.constantFrom({ kv: {}, markers: [] }, { kv: { k: 'v"' }, markers: ["m", "ü"] }),
  device: fc.constantFrom(null, "VAV 1"),
  intervalS: fc.constantFrom(null, 60, 300),
  updatedAt: fc.constant(null),
});
const anyList = fc.uniqueArray(anyPoint, { selector: (point) => point.name, minLength: 1 });
const anyStep = fc.oneof(
  anyList.map((points) => ({ kind: "replace" as const, points })),
  fc.uniqueArray(anyName).map((names) => ({ kind: "discover" as const, names })),
  fc.record({ kind: fc.constant("measure" as const), name: anyName, seconds: fc.constantFrom(60, 90) }),
);

test("after any sequence of lists the catalogue equals the model, and ids stay", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 7 }), async (steps) => {
      const siteId = await newSite(db, `ses_model_${run++}`);
      let model = new Map<string, Row>();
      let ids = new Map<string, number>();
      const missed = new Set<string>();
      for (const step of steps) {
        if (step.kind === "replace") {
          await replace(siteId, step.points);
          model = applied(model, step.points, missed);
        } else if (step.kind === "discover") {
          await addDiscoveredPoints(db, siteId, step.names);
          const blank = {
            device: null,
            label: null,
            unit: null,
            unit_raw: null,
            interval_s: null,
            interval_source: null,
          };
          const tags = JSON.stringify({ kv: {}, markers: [] });
          for (const name of step.names) {
            if (!model.has(name)) model.set(name, { source: "discovered", configured: 0, ...blank, tags });
          }
        } else {
          const row = model.get(step.name);
          if (row === undefined || row.interval_source === "configured") continue;
          const measured = { interval_s: step.seconds, interval_source: "measured" };
          model.set(step.name, { ...row, ...measured });
          await db
            .prepare("UPDATE points SET interval_s = ?3, interval_source = 'measured' WHERE site_id = ?1 AND name = ?2")
            .bind(siteId, step.name, step.seconds)
            .run();
        }
        expect(await rowsOf(siteId)).toEqual(model);
        const now = new Map([...(await loadCatalog(db, siteId)).values()].map((point) => [point.name, point.id]));
        for (const [name, id] of ids) expect(now.get(name)).toBe(id);
        ids = now;
      }
    }),
    { numRuns: 40 },
  );
});

test("writes nothing for an unchanged list, and three rows for a changed unit", async () => {
  const siteId = await newSite(db, "ses_written");
  const points = Array.from({ length: 50 }, (_, i) =>
    described(`p/${i}`, {
      label: `Größe ${i}`,
      tags: { kv: { a: "b" }, markers: ["m"] },
      intervalS: i % 2 ? 60 : null,
    }),
  );
  await replace(siteId, points, 5);
  const at = async () =>
    await db.prepare("SELECT catalog_at FROM sites WHERE id = ?1").bind(siteId).first("catalog_at");
  expect(await at()).toBe(5);
  written = 0;
  await replace(siteId, points, 6);
  expect(written).toBe(0);
  expect(await at()).toBe(6);
  await replace(
    siteId,
    points.map((point, i) => (i === 7 ? { ...point, unit: "°C" } : point)),
  );
  // the point, the row of its block's units, and the version of the site's points
  expect(written).toBe(3);
  written = 0;
  await replace(siteId, points.slice(1));
  // one point is retired; the unit changes back, and its past meaning is noted; a second run writes nothing
  expect(written).toBe(5);
  written = 0;
  await replace(siteId, points.slice(1));
  expect(written).toBe(0);
});

test("an empty list is refused every time, and confirms no other list", async () => {
  const siteId = await newSite(db, "ses_empty");
  await replace(siteId, [described("a"), described("b")], 5);
  const before = await rowsOf(siteId);
  for (const at of [6, 7]) {
    await expect(replace(siteId, [], at)).rejects.toThrow(EmptyCatalogError);
    expect(await rowsOf(siteId)).toEqual(before);
    expect((await readListState(db, siteId)).held).toMatchObject({ at, listed: 0 });
  }
  await replace(siteId, [described("a")], 8);
  expect(await rowsOf(siteId)).toEqual(before);
});

test("a list that leaves out too many points adds its new ones at once", async () => {
  const siteId = await newSite(db, "ses_held");
  await replace(siteId, [described("a"), described("b")]);
  const outcome = await replace(siteId, [described("a"), described("new")], 9);
  const collected = async () =>
    [...(await loadCatalog(db, siteId)).values()].filter((point) => point.configured).map((point) => point.name);
  expect(await collected()).toEqual(["a", "b", "new"]);
  const { held } = await readListState(db, siteId);
  expect(held).toEqual({ at: 9, listed: 2, missing: [(await loadCatalog(db, siteId)).get("b")!.id] });
  expect(outcome).toEqual({ retired: 0, held, conflicts: [] });
  expect(await replace(siteId, [described("a"), described("new")], 10)).toMatchObject({ retired: 1, held: null });
  expect(await collected()).toEqual(["a", "new"]);
  expect(await readListState(db, siteId)).toEqual({ held: null, conflicts: 0, neverSeen: 2 });
});

test("entries of one name that disagree lose only the fields that disagree", async () => {
  const siteId = await newSite(db, "ses_conflict");
  await replace(siteId, [described("known", { unit: "°F" }), described("same")]);
  const rivals = (name: string) => [described(name, { unit: "°C" }), described(name, { unit: "ppm", intervalS: 60 })];
  const list = [...rivals("known"), ...rivals("new"), described("same"), described("same"), described("other")];
  expect(await replace(siteId, list)).toEqual({ retired: 0, held: null, conflicts: ["known", "new"] });
  const rows = await rowsOf(siteId);
  expect([...rows.keys()].sort()).toEqual(["known", "new", "other", "same"]);
  expect([...rows.values()].map(({ configured }) => configured)).toEqual([1, 1, 1, 1]);
  expect(rows.get("known")).toMatchObject({ unit: "°F", interval_s: null });
  expect(rows.get("new")).toMatchObject({ unit: null, interval_s: null });
  expect(await readListState(db, siteId)).toEqual({ held: null, conflicts: 2, neverSeen: 4 });
});

test("a list retires points of its own site only, and no weather points", async () => {
  const [left, right] = [await newSite(db, "ses_left"), await newSite(db, "ses_right")];
  await replace(left, [described("a"), described("b")]);
  await replace(right, [described("a"), described("b")]);
  await addWeatherPoints(db, left, ["weather.temperature"]);
  await replace(left, [described("a")]);
  await replace(left, [described("a")]);
  const configured = (catalog: Catalog) => [...catalog.values()].filter((p) => p.configured).map((p) => p.name);
  expect(configured(await loadCatalog(db, left)).sort()).toEqual(["a", "weather.temperature"]);
  expect(configured(await loadCatalog(db, right)).sort()).toEqual(["a", "b"]);
});

test("names come back exactly as they were stored", async () => {
  const siteId = await newSite(db, "ses_names");
  const names = [
    `it's "quoted" \\ back`,
    "a/b/c,d;e",
    "Ünïcödé 温度 🌡️ e\u0301",
    "x".repeat(10_000),
    "ü".repeat(10_000),
    "new\nline\ttab",
    "null",
    "1",
    "  spaces  ",
    "'); DROP TABLE points; --",
  ];
  await replace(
    siteId,
    names.map((name) => described(name, { label: name, tags: { kv: { [name]: name }, markers: [name] } })),
  );
  const catalog = await loadCatalog(db, siteId);
  expect([...catalog.keys()].sort()).toEqual([...names].sort());
  const rows = await rowsOf(siteId);
  for (const name of names) {
    expect(rows.get(name)?.label).toBe(name);
    expect(JSON.parse(rows.get(name)?.tags ?? "")).toEqual({ kv: { [name]: name }, markers: [name] });
  }
  await addDiscoveredPoints(db, siteId, [...names, "new 'one'"]);
  const after = await loadCatalog(db, siteId);
  expect(after.size).toBe(names.length + 1);
  expect(after.get("new 'one'")).toMatchObject({ source: "discovered", configured: false });
  expect(after.get(names[0]!)).toEqual(catalog.get(names[0]!));
});

test("a list longer than one bound text is applied whole", async () => {
  const siteId = await newSite(db, "ses_long");
  const names = Array.from({ length: 700 }, (_, i) => `${i}/${"n".repeat(1_000)}`);
  await replace(
    siteId,
    names.map((name) => described(name)),
  );
  await addDiscoveredPoints(
    db,
    siteId,
    names.map((name) => `${name}/d`),
  );
  const catalog = await loadCatalog(db, siteId);
  expect(catalog.size).toBe(1_400);
  expect([...catalog.values()].filter((point) => point.configured).length).toBe(700);
});
