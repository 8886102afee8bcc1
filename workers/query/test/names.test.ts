import { PageDecoder } from "@building-vitals/core/ace/page";
import { tableFromIPC } from "apache-arrow";
import { beforeAll, expect, test } from "vitest";
import { settle, deleteHotDays } from "./settle-days.ts";
import { parseCsv } from "./parse-csv.ts";
import { call, clear, migrate, point, queryJson, SITE, storePoints, storeSamples, timeseriesPath } from "./service.ts";

const START = Date.UTC(2025, 9, 12);
const DAY = 86_400_000;

/** Names with characters that quote, escape, end or bind text in some format. */
const NAMES = [
  "it's",
  'say "hi"',
  "'; DROP TABLE points; --",
  "a/b/../../c",
  "100%25 %2F",
  "a&b=c#d?e+f",
  "\\ back ` tick ${x}",
  "tab\tnewline\nend",
  "ü 温度 😀",
  "{}[]:null",
  "__proto__",
  "x".repeat(10_000),
  "é".repeat(10_000),
  "/".repeat(10_000),
];

beforeAll(async () => {
  await migrate();
  await clear();
  const body = {
    point_samples: NAMES.map((name) => ({ name, value: "1", time: "2025-10-12T00:00:00" })),
    next_cursor: null,
    has_more: false,
  };
  const decoder = new PageDecoder(START + 2 * DAY, "/page");
  decoder.write(JSON.stringify(body));
  const { samples } = decoder.end();
  if (samples.names.join() !== NAMES.join()) throw new Error("the page's names differ from the stored names");
  const ids = await storePoints(
    SITE,
    samples.names.map((name) => point(name)),
  );
  const day = (of: number) => ids.map((id, i) => [id, START + of * DAY, i + of / 10] as const);
  await storeSamples([...day(0), ...day(1)]);
  await settle(day(0), new Map(ids.map((id, i) => [id, NAMES[i]!])));
  await deleteHotDays(START / DAY);
});

test.each(NAMES.map((name, i) => [name.slice(0, 24), name, i] as const))(
  "%j comes back from both levels, in every format",
  async (_, name, i) => {
    // as a list of one, because a comma separates names; repeated parameters would work too
    const asked = { site_name: SITE, point_names: name, start_time: START, end_time: START + 2 * DAY, interval: "raw" };
    const { series, metadata } = await queryJson(asked);
    expect(series).toMatchObject([{ point_name: name, timestamps: [START, START + DAY], values: [i, i + 0.1] }]);
    expect(metadata.sources).toEqual(["D1", "R2"]);

    const csv = await call(timeseriesPath({ ...asked, format: "csv" }));
    const [head, ...records] = parseCsv(await csv.text());
    const [nameAt, valueAt] = [head!.indexOf("point_name"), head!.indexOf("value")];
    // An apostrophe keeps spreadsheets that split at semicolons from reading a formula.
    const guarded = name.replace("; --", ";' --");
    expect(records.map((record) => [record[nameAt], Number(record[valueAt])])).toEqual([
      [guarded, i],
      [guarded, i + 0.1],
    ]);

    const arrow = await call(timeseriesPath({ ...asked, format: "arrow" }));
    const table = tableFromIPC(new Uint8Array(await arrow.arrayBuffer()));
    expect([...table.getChild("point_name")!].map(String)).toEqual([name, name]);
  },
);

test("the API's name, the stored name, or both select one point", async () => {
  const [id] = await storePoints(SITE, [point("weather.temperature")]);
  await storeSamples([[id!, START + DAY, 21.5]]);
  const history = `ses/${SITE}/weather/temp`;
  const asked = { site_name: SITE, start_time: START, end_time: START + 2 * DAY, interval: "raw" };
  for (const names of [[history], ["weather.temperature"], [history, "weather.temperature"]]) {
    const { series } = await queryJson({ ...asked, point_names: names });
    expect(series).toMatchObject([{ point_name: "weather.temperature", values: [21.5] }]);
    expect(series).toHaveLength(1);
  }
  for (const path of [
    "latest",
    `coverage?start=${START}&end=${START + DAY}`,
    `quality?start=${START}&end=${START + DAY}`,
  ]) {
    const address = `/sites/${SITE}/${path}${path.includes("?") ? "&" : "?"}points=${encodeURIComponent(history)}`;
    const response = await call(address);
    expect(response.status, path).toBe(200);
    if (path !== "latest") continue;
    expect(await response.json()).toMatchObject({ points: [{ name: "weather.temperature", value: 21.5 }] });
  }
});

test("an address of more than 128 KB is refused", async () => {
  const refused = await call(`/sites?x=${"a".repeat(128 * 1024)}`);
  expect(refused.status).toBe(414);
  expect(await refused.json()).toMatchObject({ code: "address_too_long" });
});
