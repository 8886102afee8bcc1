import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import { DeployedState } from "@building-vitals/local/sql/deployed-state";
import { QueryClient } from "@building-vitals/local/sql/query-client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { deploy, type Deployment, syncToThePresent } from "./deployment.ts";
import { BARE_ENVIRONMENT } from "./local-process.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SITE = "ses_falls_city";
const POINTS = 6;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const QUERY_TOKEN = "the-query-token-of-this-test";
const yesterday = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);

let deployment: Deployment;
let empty: string;
beforeAll(async () => {
  const source = createBuilding({ seed: 8, site: SITE, timezone: "America/Chicago", points: POINTS, weather: false });
  deployment = await deploy(source, { INITIAL_LOOKBACK_HOURS: "30", QUERY_TOKEN });
  await syncToThePresent(deployment);
  await deployment.settle(yesterday);
  empty = await mkdtemp(join(tmpdir(), "no-state-"));
});
afterAll(async () => {
  await deployment?.close();
  await rm(empty, { recursive: true });
});

/** Runs a Node program on this deployment's state, as its user does. */
function run(
  script: string,
  args: readonly string[],
  stateDir = deployment.stateDir,
  more: Readonly<Record<string, string>> = {},
) {
  const all = ["--disable-warning=ExperimentalWarning", join(ROOT, script), ...args];
  const env = { ...BARE_ENVIRONMENT, STATE_DIR: stateDir, CI: "1", ...more };
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, all, { cwd: ROOT, env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}
const sql = (text: string) => run("packages/local/src/sql.ts", [text, "--json"]);
const wrangler = (...args: string[]) =>
  run("node_modules/wrangler/bin/wrangler.js", [...args, "--local", "--persist-to", deployment.stateDir]);

it("npm run sql finds hot and settled samples once each, as a query does", async () => {
  const { stdout, stderr, code } = await sql(
    "SELECT point_name, count(*) AS n, epoch_ms(min(timestamp)) AS first, sum(value) AS total FROM samples GROUP BY ALL ORDER BY point_name",
  );
  expect([code, stderr]).toEqual([0, ""]);
  const rowSchema = z.object({
    point_name: z.string(),
    n: z.coerce.number(),
    first: z.coerce.number(),
    total: z.number(),
  });
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => rowSchema.parse(JSON.parse(line)));
  expect(rows).toHaveLength(POINTS);
  const [now] = [Date.now()];
  const answer = await deployment.query({
    point_names: rows.map((row) => row.point_name).join(),
    start_time: String(now - 3 * DAY_MS),
    end_time: String(now),
    interval: "raw",
    max_points: "100000",
  });
  expect(new Set(answer.metadata.sources)).toEqual(new Set(["D1", "R2"]));
  const queried = answer.series.map(({ point_name, timestamps, values }) => ({
    point_name,
    n: timestamps.length,
    first: timestamps[0],
    total: values.reduce((sum, value) => sum + value, 0),
  }));
  queried.sort((a, b) => (a.point_name < b.point_name ? -1 : 1));
  for (const [i, row] of rows.entries()) {
    const { total, ...exact } = row;
    expect(exact).toEqual({ point_name: queried[i]?.point_name, n: queried[i]?.n, first: queried[i]?.first });
    expect(total).toBeCloseTo(queried[i]!.total, 3);
  }
});

it("npm run sql joins points and hours, and explains its errors", async () => {
  const joined = await sql(
    "SELECT sum(h.count) = (SELECT count(*) FROM samples) AS same FROM hours h JOIN points USING (point_name)",
  );
  expect(joined.stdout.trim()).toBe('{"same":true}');
  const wrong = await sql("SELECT nothing FROM samples");
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain('"nothing" not found');
  const none = await run("packages/local/src/sql.ts", ["SELECT 1"], empty);
  expect(none.code).toBe(1);
  expect(none.stderr).toContain("has no database of a local run. npm start makes one");
});

it("npm run sql reads the same samples from a deployment as from its state", async () => {
  const checksums = `SELECT point_name, unit, count(*) AS n, bit_xor(hash(site_name, timestamp, value)) AS checksum
    FROM samples JOIN points USING (site_name, point_name) GROUP BY ALL ORDER BY point_name`;
  const remoteArgs = [checksums, "--json", "--url", deployment.urls.query];
  const [local, remote] = await Promise.all([
    sql(checksums),
    run("packages/local/src/sql.ts", remoteArgs, empty, { QUERY_TOKEN }),
  ]);
  expect([remote.code, remote.stdout]).toEqual([0, local.stdout]);
  expect(remote.stdout.trim().split("\n")).toHaveLength(POINTS);
  const today = new Date().toISOString().slice(0, 10);
  expect(remote.stderr).toContain(` to ${today}, UTC, of ${deployment.urls.query}; --from and --to choose other days.`);
  const files = (await deployment.workers.listObjects("timeseries/")).length;
  expect(remote.stderr).toContain(`Day files: ${files}, ${files} of them fetched now`);
  expect(remote.stderr).not.toContain(QUERY_TOKEN);

  // A second run, within this process.
  const notes: string[] = [];
  const report = { note: (line: string) => void notes.push(line), progress: () => {} };
  const asked = {
    url: deployment.urls.query,
    range: { from: yesterday, to: yesterday },
    cacheFolder: join(empty, "sql"),
  };
  const open = (names: string[] | null, token: string | null) =>
    DeployedState.open(new QueryClient(asked.url, token), { ...asked, names }, report);
  expect(await (await open(null, QUERY_TOKEN)).dayFiles()).toHaveLength(1);
  expect(notes).toEqual(["Day files: 1, 0 of them fetched now (0.0 MB)."]);
  await expect(open(null, null)).rejects.toThrow("refuses the token: set its QUERY_TOKEN in the environment.");
  await expect(open(["elsewhere"], QUERY_TOKEN)).rejects.toThrow(
    `The deployment has no site "elsewhere". Its sites: ${SITE}.`,
  );
});

it("wrangler finds the tables, the objects and the keys of a local run", async () => {
  const config = ["-c", "wrangler.etl.toml"];
  const [d1, kv, r2] = await Promise.all([
    wrangler("d1", "execute", "DB", ...config, "--json", "--command", "SELECT name FROM sites"),
    wrangler("kv", "key", "get", "etl:last_sync_timestamp", "--binding", "ETL_STATE", ...config, "--text"),
    wrangler(
      "r2",
      "object",
      "get",
      `ace-timeseries/timeseries/${yesterday.replaceAll("-", "/")}/${SITE}.parquet`,
      ...config,
      "--file",
      join(empty, "day.parquet"),
    ),
  ]);
  expect(d1.stdout).toContain(SITE);
  expect(Number(kv.stdout)).toBeGreaterThan(Date.now() - HOUR_MS);
  expect(r2.stdout).toContain("Download complete");
});

it("npm run delete previews, then removes a point from D1 and R2", async () => {
  const [gone] = (await sql("SELECT point_name FROM points ORDER BY 1 LIMIT 1")).stdout.trim().split("\n");
  const { point_name: point } = z.object({ point_name: z.string() }).parse(JSON.parse(gone!));
  const left = async () => (await sql(`SELECT DISTINCT point_name FROM samples`)).stdout.trim().split("\n").sort();
  const before = await left();
  const args = ["--site", SITE, "--point", point, "--url", deployment.urls.backfill, "--token", deployment.adminToken];
  const asked = await run("packages/local/src/delete.ts", args);
  expect([asked.code, asked.stdout]).toEqual([2, expect.stringContaining(`This deletes all samples of ${point}`)]);
  expect(await left()).toEqual(before);
  const files = (await deployment.workers.listObjects("timeseries/")).length;
  const done = await run("packages/local/src/delete.ts", [...args, "--yes"]);
  expect([done.code, done.stdout]).toEqual([0, `done: ${files} days of all samples of ${point} of ${SITE}\n`]);
  expect(await left()).toEqual(before.filter((line) => !line.includes(JSON.stringify(point))));
  expect(before).toContain(JSON.stringify({ point_name: point }));
});
