import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import { BackfillClient } from "@building-vitals/local/backfill-client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { deploy, type Deployment, syncToThePresent } from "./deployment.ts";

const COMMAND = fileURLToPath(new URL("../../packages/local/src/rebuild.ts", import.meta.url));
const SITE = "ses_falls_city";
const DAY_MS = 86_400_000;
const dayBefore = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
const [FIRST, LAST] = [dayBefore(4), dayBefore(2)];

let deployment: Deployment;
let points: string[];
beforeAll(async () => {
  const source = createBuilding({ seed: 8, site: SITE, timezone: "America/Chicago", points: 12 });
  deployment = await deploy(source, { INITIAL_LOOKBACK_HOURS: "1", REQUESTS_PER_MINUTE: "60000" });
  await syncToThePresent(deployment);
  const client = new BackfillClient(deployment.urls.backfill, "test-admin");
  await client.start({ start_date: FIRST, end_date: LAST });
  while ((await client.status()).status === "in_progress") await new Promise((resolve) => setTimeout(resolve, 100));
  if ((await client.status()).days_completed !== 3) throw new Error(JSON.stringify(await client.status()));
  points = z
    .object({ points: z.array(z.object({ name: z.string() })) })
    .parse(await get(`/sites/${SITE}/points`))
    .points.map(({ name }) => name);
});
afterAll(() => deployment?.close());

/** Runs `npm run rebuild -- …` against the deployment. */
function rebuild(...args: string[]): Promise<{ code: number; output: string }> {
  const all = [COMMAND, "--url", deployment.urls.etl, "--token", "test-admin", ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, all, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr });
    });
  });
}

async function get(path: string): Promise<unknown> {
  const response = await fetch(`${deployment.urls.query}${path}`);
  expect(response.status).toBe(200);
  return response.json();
}

/**
 * The deployment's answers about the days: every interval, in UTC and in a zone with a half-hour offset, and the
 * coverage.
 */
async function answers(): Promise<unknown[]> {
  const [start, end] = [Date.parse(FIRST), Date.parse(LAST) + DAY_MS];
  const coverage = JSON.stringify(await get(`/sites/${SITE}/coverage?start=${start}&end=${end}`));
  const all: unknown[] = [coverage.replaceAll(/"updated_at":"[^"]+"/g, "")];
  for (const [interval, tz] of [
    ["raw", "UTC"],
    ["5min", "UTC"],
    ["1hr", "UTC"],
    ["1day", "America/Chicago"],
    ["1day", "Asia/Kolkata"],
  ] as const) {
    const range = { start_time: String(start), end_time: String(end) };
    const { series, metadata } = await deployment.query({ ...range, point_names: points.join(), interval, tz });
    all.push([interval, tz, series, metadata.completeness, metadata.missing, metadata.sources, metadata.partial]);
  }
  return all;
}

it("restores D1's knowledge of the day files, with equal answers", async () => {
  const before = await answers();
  await deployment.workers.executeSql("DELETE FROM day_files\nDELETE FROM block_days");
  const lost = await answers();
  expect(lost).not.toEqual(before);

  const dry = await rebuild("--dry-run");
  expect(dry.output).toMatch(/done {5}3 days: 3 to be rebuilt\n {9}[\d,]+ samples in rebuilt days\n$/);
  expect(dry.code).toBe(0);
  expect(await answers()).toEqual(lost);

  const done = await rebuild("--from", FIRST, "--site", SITE);
  expect(done.output).toMatch(/done {5}3 days: 3 rebuilt/);
  expect(done.output).toContain(`3 days checked  3 rebuilt  at ${LAST}\n`);
  for (const drawing of ["\r", "\u001b"]) expect(done.output).not.toContain(drawing);
  expect(done.code).toBe(0);
  expect(await answers()).toEqual(before);

  const again = await rebuild();
  expect(again.output).toMatch(/done {5}3 days: 3 in order\n$/);
  expect(again.code).toBe(0);
});

it("names a day whose file is missing, and exits with 1", async () => {
  await deployment.workers.executeSql(
    "INSERT INTO day_files (site_id, day, state, key, etag, sha256, bytes, rows, points, source, generation, updated_at) SELECT site_id, 20000, state, 'timeseries/2024/10/04/ses_falls_city.parquet', etag, sha256, bytes, rows, points, source, 1, 0 FROM day_files LIMIT 1",
  );
  const { code, output } = await rebuild();
  expect(output).toContain("missing  timeseries/2024/10/04/ses_falls_city.parquet: its file is gone");
  expect(output).toMatch(/done {5}4 days: 1 MISSING, 3 in order/);
  expect(code).toBe(1);
  expect((await rebuild("--from", "2024-10-05")).code).toBe(0);
});

it.each([
  [["--url", "http://127.0.0.1:1"], "Nothing answers at http://127.0.0.1:1."],
  [["--url", "local"], "--url"],
  [["--from", "2026-02-30"], "--from"],
  [["--from", "2026-03-02", "--to", "2026-03-01"], "must not be before from"],
  [["--site", "nowhere"], "no site"],
  [["--dry"], "--dry"],
  [["--token", "wrong"], "refuses the token"],
])("refuses %j with one sentence", async (args, message) => {
  const { code, output } = await rebuild(...args);
  expect(code).toBe(2);
  expect(output).toContain(message);
  expect(output).not.toContain("    at ");
});
