import { beforeAll, describe, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { described, newSite } from "../../test/points.ts";
import { addDiscoveredPoints, addWeatherPoints } from "./catalog.ts";
import { replaceCatalog } from "./replace-catalog.ts";
import type { PointQuery } from "../find/point-index.ts";
import { findSitePoints } from "./point-index.ts";
import { findPoints, findSiteId, pointsOfIds } from "./point-list.ts";

const POINTS = [
  described("ses/a/vav1/RoomTemp", {
    label: "VAV 1 Room Temp",
    unit: "°F",
    unitRaw: "degrees-fahrenheit",
    tags: { kv: { equip: "VAV 1", floor: "2" }, markers: ["zone", "temp"] },
    intervalS: 60,
  }),
  described("ses/a/vav1/Damper", {
    label: "VAV 1 Damper",
    unit: "%",
    tags: { kv: { equip: "VAV 1" }, markers: ["cmd"] },
  }),
  described("ses/a/vav2/RoomTemp", { label: "VAV 2 Room Temp", tags: { kv: { equip: "VAV 2" }, markers: ["temp"] } }),
  described(`it's "odd", 100%_\\`, { label: "Größe", tags: { kv: { "k:k": "v" }, markers: ["a b"] } }),
];

let db: D1Database;
let siteId: number;
beforeAll(async () => {
  db = await migratedDatabase();
  siteId = await newSite(db, "ses_list");
  await replaceCatalog(db, siteId, new Map(), POINTS, 1);
  await addDiscoveredPoints(db, siteId, ["ses/a/unlisted"]);
  const other = await newSite(db, "ses_other");
  await replaceCatalog(db, other, new Map(), [described("ses/a/vav1/RoomTemp")], 1);
});

const [TEMP1, DAMPER, TEMP2, ODD] = POINTS.map((point) => point.name);
const UNLISTED = "ses/a/unlisted";

const names = async (query: PointQuery) =>
  (await findSitePoints(db, "ses_list")).index.find(query).map((point) => point.name);

test("points of ids are in the order of the ids, without those that are gone", async () => {
  const ids = (await findSitePoints(db, "ses_list")).index.points.map(({ id }) => id);
  const points = await pointsOfIds(db, [ids[4]!, 999_999, ...ids.slice(0, 4)]);
  expect(points.map(({ id }) => id)).toEqual([ids[4], ...ids.slice(0, 4)]);
  expect(points.find(({ name }) => name === TEMP1)).toMatchObject({
    name: TEMP1,
    label: "VAV 1 Room Temp",
    unit: "°F",
    tags: POINTS[0]!.tags,
    intervalS: 60,
    configured: true,
    firstSeen: null,
  });
  expect(points.find(({ name }) => name === UNLISTED)).toMatchObject({
    configured: false,
    tags: { kv: {}, markers: [] },
  });
});

describe("search finds a text in names, labels, units and tags", () => {
  test.each([
    ["", [ODD, UNLISTED, DAMPER, TEMP1, TEMP2]],
    ["ROOMTEMP", [TEMP1, TEMP2]],
    ["room temp", [TEMP1, TEMP2]],
    ["°F", [TEMP1]],
    ["fahrenheit", [TEMP1]],
    ["cmd", [DAMPER]],
    ["floor", [TEMP1]],
    // the words side by side before the words apart
    ["equip:VAV 2", [TEMP2, TEMP1]],
    ["Größe", [ODD]],
    [`'s "odd", 100%_\\`, [ODD]],
    ["vav_", [TEMP1, TEMP2, DAMPER]],
    // wildcards of LIKE, and the stored form of tags, do not match
    ["V%V", []],
    ["markers", []],
    ['{"', []],
    ["nowhere", []],
  ])("%j", async (search, found) => {
    expect(await names({ search })).toEqual(found);
  });
});

describe("tag finds a marker, a key or a key:value, whole", () => {
  test.each([
    ["temp", [TEMP1, TEMP2]],
    ["equip", [DAMPER, TEMP1, TEMP2]],
    ["equip:VAV 1", [DAMPER, TEMP1]],
    ["a b", [ODD]],
    ["k:k", [ODD]],
    ["k:k:v", [ODD]],
    ["tem", []],
    ["VAV 1", []],
    ["TEMP", []],
    ["markers", []],
  ])("%s", async (tag, found) => {
    expect(await names({ tag })).toEqual(found);
  });

  test("a search and a tag must both match", async () => {
    expect(await names({ tag: "temp", search: "vav2" })).toEqual([TEMP2]);
  });
});

test("points are found by name within their site", async () => {
  const found = await findPoints(db, "ses_list", [TEMP1!, ODD!, "nowhere", ""]);
  expect(new Set(found.keys())).toEqual(new Set([ODD, TEMP1]));
  expect(found.get(TEMP1!)?.label).toBe("VAV 1 Room Temp");
  expect((await findPoints(db, "ses_list", [])).size).toBe(0);
});

test("the name of a quantity's history finds the weather point", async () => {
  await addWeatherPoints(db, siteId, ["weather.temperature"]);
  const history = "ses/ses_list/weather/temp";
  const found = await findPoints(db, "ses_list", [history, "ses/other/weather/temp", "weather.temperature"]);
  expect([...found.keys()]).toEqual([history, "weather.temperature"]);
  expect(found.get(history)).toMatchObject({ name: "weather.temperature", label: "Outdoor temperature", unit: "°C" });
  expect(found.get(history)).toBe(found.get("weather.temperature"));
});

test("a site is found by its name", async () => {
  expect(await findSiteId(db, "ses_list")).toBe(siteId);
  expect(await findSiteId(db, "SES_LIST")).toBeNull();
});
