import { beforeAll, describe, expect, test } from "vitest";
import {
  call,
  migrate,
  OTHER_SITE,
  type Parameters,
  point,
  problemOf,
  queryJson,
  SITE,
  storePoints,
  storeSamples,
  timeseriesPath,
} from "./service.ts";

const START = Date.UTC(2025, 9, 12, 14);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NAMES = [
  "ses/ses_falls_city/8000:33-8033/analogValue/102",
  "VAV 8, north",
  "VAV 8",
  "north",
  'say "hi"\\',
  "Raumfühler 温度 😀",
  "50% + x&y=z#?",
  " padded ",
] as const;

beforeAll(async () => {
  await migrate();
  const many = Array.from({ length: 100 }, (_, i) => `many/${i}`);
  const ids = await storePoints(
    SITE,
    [...NAMES, ...many].map((name) => point(name, { unit: "°F" })),
  );
  await storeSamples(ids.map((id, i) => [id, START, i]));
  await storePoints(OTHER_SITE, [point("only there")]);
});

const good = { site_name: SITE, point_names: "north", start_time: START, end_time: START + MINUTE };

describe("refused requests", () => {
  test.each<[string, Parameters, number, string, string, RegExp?]>([
    ["no site", { site_name: [] }, 400, "invalid_request", "site_name", /site_name: is missing/],
    ["an empty site", { site_name: "" }, 400, "invalid_request", "site_name"],
    ["an unknown site", { site_name: "nowhere" }, 404, "unknown_site", "site_name", /"nowhere".*GET \/sites/],
    ["no points", { point_names: [] }, 400, "invalid_request", "point_names", /is missing/],
    ["an empty list", { point_names: "" }, 400, "invalid_request", "point_names"],
    ["only commas", { point_names: [" , ,", ""] }, 400, "invalid_request", "point_names"],
    ["an unknown point", { point_names: "south" }, 404, "unknown_point", "point_names", /no point "south"\.$/],
    [
      "a name that two other names form too",
      { point_names: "VAV 8, north" },
      400,
      "ambiguous_point_names",
      "point_names",
      /read as \["VAV 8","north"\] or as \["VAV 8, north"\]; give the names as a JSON array/,
    ],
    ["epoch seconds", { start_time: "1795877463" }, 400, "epoch_seconds", "start_time", /looks like epoch seconds/],
    [
      "epoch seconds as the end",
      { end_time: "1795877463" },
      400,
      "epoch_seconds",
      "end_time",
      /looks like epoch seconds/,
    ],
    ["epoch microseconds", { end_time: `${START}000` }, 400, "epoch_seconds", "end_time", /looks like epoch micro/],
    ["an integer before 1970", { start_time: "-1" }, 400, "epoch_seconds", "start_time"],
    ["another site's point", { point_names: "only there" }, 404, "unknown_point", "point_names"],
    ["many unknown points", { point_names: "1,2,3,4,5,6,7" }, 404, "unknown_point", "point_names", /"5" and 2 more/],
    [
      "101 points",
      { point_names: ["north", ...Array.from({ length: 100 }, (_, i) => `many/${i}`)] },
      400,
      "too_many_points",
      "point_names",
    ],
    [
      "1,000 points, in a list",
      { point_names: Array.from({ length: 1000 }, (_, i) => `p${i}`).join() },
      400,
      "too_many_points",
      "point_names",
    ],
    ["no start", { start_time: [] }, 400, "invalid_request", "start_time", /is missing/],
    ["an end before the relative start", { start_time: "now", end_time: START }, 400, "invalid_request", "end_time"],
    ["a relative time outside of the calendar", { start_time: "now-999999y" }, 400, "invalid_request", "start_time"],
    ["a relative time of an unknown unit", { start_time: "now-1q" }, 400, "invalid_request", "start_time"],
    ["start = end", { end_time: START }, 400, "invalid_request", "end_time", /not after start_time/],
    ["start > end", { end_time: START - 1 }, 400, "invalid_request", "end_time", /not after start_time/],
    ["a start in words", { start_time: "yesterday" }, 400, "invalid_request", "start_time", /must be ISO-8601/],
    ["an empty start", { start_time: "" }, 400, "invalid_request", "start_time"],
    ["30 February without a zone", { start_time: "2025-02-30T12:00" }, 400, "invalid_request", "start_time"],
    ["30 February", { start_time: "2025-02-30" }, 400, "invalid_request", "start_time"],
    ["30 February at noon", { start_time: "2025-02-30T12:00Z" }, 400, "invalid_request", "start_time"],
    ["the 13th month", { end_time: "2025-13-01" }, 400, "invalid_request", "end_time"],
    ["the 25th hour", { end_time: "2025-10-12T25:00Z" }, 400, "invalid_request", "end_time"],
    ["an offset of 99 hours", { end_time: "2025-10-12T15:00+99:00" }, 400, "invalid_request", "end_time"],
    ["a fraction of a millisecond", { end_time: "1760277600000.5" }, 400, "invalid_request", "end_time"],
    ["a bad interval", { interval: "2hr" }, 400, "invalid_request", "interval", /raw.*auto/],
    [
      "an interval named after a property of Object.prototype",
      { interval: "constructor" },
      400,
      "invalid_request",
      "interval",
    ],
    ["a bad format", { format: "xml" }, 400, "invalid_request", "format", /json.*rows/],
    ["zero points per series", { max_points: 0 }, 400, "invalid_request", "max_points"],
    ["too many points per series", { max_points: 100_001 }, 400, "invalid_request", "max_points"],
    ["half a point", { max_points: "1.5" }, 400, "invalid_request", "max_points"],
    ["an unknown zone", { tz: "Mars/Olympus" }, 400, "invalid_request", "tz", /IANA/],
    ["an offset for a zone", { tz: "+02:00" }, 400, "invalid_request", "tz"],
    ["an unknown parameter", { resolution: "1hr" }, 400, "invalid_request", "resolution"],
    [
      "a parameter named after a property of Object.prototype",
      { ["__proto__"]: "1" },
      400,
      "invalid_request",
      "__proto__",
    ],
    ["a repeated site", { site_name: [SITE, SITE] }, 400, "invalid_request", "site_name", /once only/],
    ["a repeated start", { start_time: ["1", "2"] }, 400, "invalid_request", "start_time", /once only/],
    ["a repeated interval", { interval: ["raw", "raw"] }, 400, "invalid_request", "interval", /once only/],
    ["a repeated zone", { tz: ["UTC", "UTC"] }, 400, "invalid_request", "tz", /once only/],
    [
      "a span over the limit",
      { interval: "raw", end_time: START + 31 * DAY + 1 },
      400,
      "span_too_long",
      "end_time",
      /interval=raw takes at most 31 days, not 32: ask for interval=5min\./,
    ],
    ["a span over every limit", { end_time: START + 1831 * DAY }, 400, "span_too_long", "end_time", /1830 days/],
    [
      "too many values",
      { interval: "raw", end_time: START + 30 * DAY, point_names: Array.from({ length: 100 }, (_, i) => `many/${i}`) },
      422,
      "too_much_data",
      "interval",
      /ask for interval=5min, or for at most 23 points\./,
    ],
  ])("%s", async (_, change, status, code, field, detail = /./) => {
    const parameters = Object.fromEntries([...Object.entries(good), ...Object.entries(change)]);
    const problem = await problemOf(await call(timeseriesPath(parameters)));
    expect(problem).toMatchObject({ status, code, field });
    expect(problem.detail).toMatch(detail);
  });

  test("a broken escape is a client error", async () => {
    const problem = await problemOf(await call(`${timeseriesPath(good)}&tz=%zz`));
    expect(problem).toMatchObject({ status: 400, code: "invalid_request", field: "tz" });
  });

  test("an unknown address is a 404", async () => {
    expect(await problemOf(await call("/timeseries"))).toMatchObject({ status: 404, code: "not_found" });
  });
});

describe("times", () => {
  /** The sample of 14:00:00.000 is in the answer only if the range contains it. */
  const holdsSample = async (start: string | number, end: string | number) =>
    (await queryJson({ ...good, start_time: start, end_time: end, interval: "raw" })).metadata.total_samples === 1;

  test.each<[string, string | number, string | number, boolean]>([
    ["epoch ms: the start is included", START, START + 1, true],
    ["epoch ms: the end is excluded", START - 1, START, false],
    ["epoch ms of 1973", 1e11, 1e11 + 1, false],
    ["ISO in UTC", "2025-10-12T14:00:00Z", "2025-10-12T14:00:01Z", true],
    ["ISO, its end excluded", "2025-10-12T13:00:00Z", "2025-10-12T14:00:00Z", false],
    ["ISO to the minute", "2025-10-12T14:00Z", "2025-10-12T14:01Z", true],
    ["ISO to the millisecond", "2025-10-12T14:00:00.000Z", "2025-10-12T14:00:00.001Z", true],
    ["ISO one millisecond later", "2025-10-12T14:00:00.001Z", "2025-10-12T14:00:01Z", false],
    ["ISO to the microsecond", "2025-10-12T13:59:59.999999Z", "2025-10-12T14:00:00.001000Z", true],
    ["an offset to the east", "2025-10-12T16:00:00+02:00", "2025-10-12T16:00:01+02:00", true],
    ["an offset to the west", "2025-10-12T09:00:00-05:00", "2025-10-12T09:00:01-05:00", true],
    ["an offset without a colon", "2025-10-12T19:45:00+0545", "2025-10-12T19:45:01+0545", true],
    ["an offset that gives another time", "2025-10-12T14:00:00+02:00", "2025-10-12T14:00:01+02:00", false],
    ["dates", "2025-10-12", "2025-10-13", true],
    ["dates mean the site's midnight; the end is excluded", "2025-10-11", "2025-10-12", false],
    ["a time without a zone is the site's", "2025-10-12T09:00", "2025-10-12T09:00:00.001", true],
    ["a time without a zone, its end excluded", "2025-10-12T08:00", "2025-10-12T09:00", false],
    ["mixed", "2025-10-12", START + 1, true],
    ["a leap day", "2024-02-29", "2024-03-01", false],
  ])("%s", async (_, start, end, isIn) => {
    expect(await holdsSample(start, end)).toBe(isIn);
  });

  test("an unescaped + of an offset", async () => {
    const path = `/timeseries/query?site_name=${SITE}&point_names=north&interval=raw`;
    const response = await call(`${path}&start_time=2025-10-12T16:00:00+02:00&end_time=2025-10-12T16:00:01+02:00`);
    expect(await response.json()).toMatchObject({ metadata: { total_samples: 1 } });
  });
});

describe("point names", () => {
  const named = async (names: string | readonly string[]) =>
    (await queryJson({ ...good, point_names: names })).series.map((series) => [series.point_name, series.values[0]]);
  const indexed = (...names: (typeof NAMES)[number][]) => names.map((name) => [name, NAMES.indexOf(name)]);

  test.each(NAMES)("%s", async (name) => {
    expect(await named(JSON.stringify([name]))).toEqual(indexed(name));
    if (name !== "VAV 8, north") expect(await named(name)).toEqual(indexed(name));
  });

  test.each<[string, string | string[], (typeof NAMES)[number][]]>([
    ["a list, in its order", "north,VAV 8", ["north", "VAV 8"]],
    ["a list with spaces and empty entries", " VAV 8 ,, north,", ["VAV 8", "north"]],
    ["repeated", ["north", "VAV 8"], ["north", "VAV 8"]],
    ["lists, repeated", [`north,${NAMES[0]}`, "VAV 8"], ["north", NAMES[0], "VAV 8"]],
    ["a name with a comma among others", '["VAV 8, north","VAV 8"]', ["VAV 8, north", "VAV 8"]],
    ["a JSON array beside a list", ['["VAV 8, north"]', "VAV 8,north"], ["VAV 8, north", "VAV 8", "north"]],
    ["each once", ["north", "VAV 8,north", "north"], ["north", "VAV 8"]],
  ])("%s", async (_, names, expected) => {
    expect(await named(names)).toEqual(indexed(...expected));
  });

  test("100 names, one of them twice", async () => {
    const names = Array.from({ length: 100 }, (_, i) => `many/${i}`);
    expect((await named([...names, "many/0"])).map(([name]) => name)).toEqual(names);
  });
});
