import { createBuilding } from "@building-vitals/ace-simulator/building";
import type { ScrapeSource } from "@building-vitals/ace-simulator/scrape-source";
import { sourceRows } from "@building-vitals/ace-simulator/source-rows";
import { BackfillClient } from "@building-vitals/local/backfill-client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { deploy, type Deployment, syncToThePresent } from "./deployment.ts";

/** Names with characters that quote, escape, terminate or bind in some layer. */
const NAMES = [
  "it's",
  'say "hi", twice',
  "'; DROP TABLE points; --",
  "a/b/../../c",
  "100%25 %2F",
  "a&b=c#d?e+f",
  "\\ back ` tick ${x}",
  "tab\tnewline\nend",
  "ü 温度 😀",
  "{}[]:null",
  "__proto__",
  "constructor",
  "\u0000nul",
  " ",
  "x".repeat(10_000),
  "é".repeat(10_000),
  "/".repeat(10_000),
];
const SITE = `gö"te'borg/../${"ü".repeat(60)} %2F?#1`;
const DAY_MS = 86_400_000;
const DAY = new Date(Date.now() - 3 * DAY_MS).toISOString().slice(0, 10);
const START = Date.parse(DAY);

const building = createBuilding({
  seed: 4,
  site: SITE,
  timezone: "America/Los_Angeles",
  points: NAMES.length,
  collectInterval: 600,
});
const source: ScrapeSource = {
  site: building.site,
  weather: building.weather,
  points: building.points.map((point, i) => ({ ...point, name: NAMES[i] ?? point.name })),
  scrapeAtOrAfter: (timeUs) => building.scrapeAtOrAfter(timeUs),
  timeOf: (scrape) => building.timeOf(scrape),
  pointsAt: (scrape) => building.pointsAt(scrape),
  hasSample: (point, scrape) => building.hasSample(point, scrape),
  valueText: (point, scrape) => building.valueText(point, scrape),
};

let deployment: Deployment;
let syncedTo: number;
beforeAll(async () => {
  deployment = await deploy(source, { INITIAL_LOOKBACK_HOURS: "1", REQUESTS_PER_MINUTE: "60000" });
  const runs = await syncToThePresent(deployment);
  if (runs.at(-1)?.site !== SITE || runs.at(-1)?.errors.length !== 0) throw new Error(JSON.stringify(runs.at(-1)));
  syncedTo = Date.parse(runs.at(-1)?.watermark ?? "");
  const client = new BackfillClient(deployment.urls.backfill, "test-admin");
  await client.start({ start_date: DAY, end_date: DAY, sites: [SITE] });
  while ((await client.status()).status === "in_progress") await new Promise((resolve) => setTimeout(resolve, 100));
  if ((await client.status()).days_completed !== 1) throw new Error(JSON.stringify(await client.status()));
});
afterAll(() => deployment?.close());

async function get(path: string): Promise<Response> {
  const response = await fetch(`${deployment.urls.query}${path}`);
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return response;
}
const sitePath = `/sites/${encodeURIComponent(SITE)}`;

/** The upstream's samples of a point in a range, as lines. */
function served(name: string, start: number, end: number): string[] {
  return sourceRows(source, start, end)
    .filter((row) => row.name === name)
    .map(({ time, value }) => `${Date.parse(`${time?.slice(0, 23)}Z`)} ${Number(value)}`);
}

const cases = NAMES.map((name) => [JSON.stringify(name).slice(0, 30), name] as const);

it.each(cases)("%s: synced and backfilled samples are found by the name", async (_, name) => {
  const asked = { point_names: name, interval: "raw" };
  const old = await deployment.query({ ...asked, start_time: String(START), end_time: String(START + DAY_MS) });
  expect(old.metadata).toMatchObject({ sources: ["R2"], partial: false });
  const linesOf = ({ series }: typeof old) =>
    series.flatMap(({ point_name, timestamps, values }) => {
      expect(point_name).toBe(name);
      return timestamps.map((time, i) => `${time} ${values[i]}`);
    });
  expect(linesOf(old)).toEqual(served(name, START, START + DAY_MS));
  expect(linesOf(old).length).toBeGreaterThan(100);
  const range = { start_time: String(syncedTo - 1_800_000), end_time: String(syncedTo) };
  expect(linesOf(await deployment.query({ ...asked, ...range }))).toEqual(served(name, syncedTo - 1_800_000, syncedTo));

  const latest = z.object({ points: z.array(z.object({ name: z.string() })) });
  const { points } = latest.parse(await (await get(`${sitePath}/latest?points=${encodeURIComponent(name)}`)).json());
  expect(points.map((point) => point.name)).toEqual([name]);
});

it("lists the points, the coverage and the day's file of the site", async () => {
  const listed = z.object({ points: z.array(z.object({ name: z.string() })) });
  const { points } = listed.parse(await (await get(`${sitePath}/points?limit=1000`)).json());
  expect(points.map(({ name }) => name)).toEqual(expect.arrayContaining(NAMES));
  const coverage = JSON.stringify(
    await (await get(`${sitePath}/coverage?start=${START}&end=${START + DAY_MS}`)).json(),
  );
  expect(coverage).toContain('"state":"written"');
  const file = new Uint8Array(await (await get(`${sitePath}/days/${DAY}.parquet`)).arrayBuffer());
  expect(new TextDecoder("latin1").decode(file.slice(-4))).toBe("PAR1");
});

it("rebuilds D1 from the file", async () => {
  const file = () => get(`${sitePath}/coverage?start=${START}&end=${START + DAY_MS}`).then((answer) => answer.text());
  const withoutTime = (text: string) => text.replaceAll(/"updated_at":"[^"]+"/g, "");
  const before = withoutTime(await file());
  await deployment.workers.executeSql("DELETE FROM day_files\nDELETE FROM block_days");
  const body = { site: SITE, from: DAY, to: DAY };
  expect(await deployment.post("etl", "/rebuild", body)).toMatchObject({
    days: [{ site: SITE, day: DAY, outcome: "rebuilt", points: NAMES.length }],
    next_cursor: null,
  });
  expect(withoutTime(await file())).toBe(before);
});
