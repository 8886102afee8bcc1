import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { deploy, type Deployment, settleDue, syncToThePresent } from "./deployment.ts";

const COMMAND = fileURLToPath(new URL("../../packages/local/src/import.ts", import.meta.url));
const SITE = "ses_falls_city";
const DAY_MS = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const [FIRST, SECOND] = [TODAY - 5 * DAY_MS, TODAY - 4 * DAY_MS];
const source = createBuilding({ seed: 8, site: SITE, timezone: "America/Chicago", points: 6 });

const latestSchema = z.object({ points: z.tuple([z.object({ name: z.string() })], z.unknown()) });
const seriesSchema = z.object({
  point_name: z.string(),
  timestamps: z.array(z.number()),
  values: z.array(z.number()),
});
const answerSchema = z.object({ series: z.array(seriesSchema) });

interface Old {
  readonly point: string;
  /** epoch ms, whole seconds */
  readonly time: number;
  readonly value: number;
}

function minutes(point: string, start: number, n: number): Old[] {
  return Array.from({ length: n }, (_, i) => ({ point, time: start + i * 60_000, value: Math.sin(i) * 1e3 }));
}
const A1 = minutes("old/a", FIRST, 1440);
const B1 = minutes("old/b, the other", FIRST + 3_600_000, 100);
const A2 = minutes("old/a", SECOND, 1440);
const B2 = minutes("old/b, the other", SECOND, 1440);

const record = ({ point, time, value }: Old) => ({ site_name: SITE, point_name: point, timestamp: time / 1000, value });
const ndjson = (samples: readonly Old[]) => samples.map((one) => `${JSON.stringify(record(one))}\n`).join("");

let deployment: Deployment;
let folder: string;
/** An API point with the samples of its first hour. */
let own: { point: string; times: number[]; values: number[] };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "building-vitals-import-"));
  deployment = await deploy(source, { INITIAL_LOOKBACK_HOURS: "1" });
  await syncToThePresent(deployment);
  const latest = await (await fetch(`${deployment.urls.query}/sites/${SITE}/latest`)).json();
  const point = latestSchema.parse(latest).points[0].name;
  own = { point, ...(await raw(point, Date.now() - 2 * 3_600_000, Date.now())) };
  const old = join(folder, "old");
  await mkdir(join(old, "timeseries"), { recursive: true });
  // A repeated record, an overruled value, and records that are no samples.
  const changed = { ...A1[5]!, value: -1 };
  const bad = [
    { ...record(A1[0]!), value: null },
    { ...record(A1[0]!), value: "n/a" },
    { ...record(A1[0]!), timestamp: "yesterday" },
    { ...record(A1[0]!), timestamp: Date.now() / 1000 + 86_400 },
    { timestamp: 1, value: 1 },
  ];
  const lines = bad.map((one) => `${JSON.stringify(one)}\n`).join("");
  await writeFile(
    join(old, "1.ndjson"),
    `${ndjson([changed])}${ndjson(A1)}${ndjson(A1.slice(0, 10))}${lines}{"site_na`,
  );
  await writeFile(join(old, "2.ndjson.gz"), gzipSync(ndjson(B1)));
  const rows = A2.map(
    ({ point: name, time, value }) => `${value},${new Date(time).toISOString()},"${name}",${SITE}\r\n`,
  );
  await writeFile(join(old, "3.csv"), `value,timestamp,point_name,site_name\r\n${rows.join("")}`);
  await writeParquet(join(old, "timeseries", `${SITE}.parquet`), B2);
  await writeFile(join(old, "README.txt"), "not read");
  const database = new DatabaseSync(join(old, "z.sqlite"));
  database.exec("CREATE TABLE timeseries_raw (site_name TEXT, point_name TEXT, timestamp INTEGER, value REAL)");
  const insert = database.prepare("INSERT INTO timeseries_raw VALUES (?, ?, ?, ?)");
  for (const time of own.times) insert.run(SITE, own.point, time / 1000, 12_345);
  insert.run(SITE, own.point, own.times[0]! / 1000 - 1, 77);
  insert.run("elsewhere", "x", FIRST / 1000, 1);
  database.close();
});
afterAll(async () => {
  await deployment?.close();
  await rm(folder, { recursive: true, force: true });
});

/** As the predecessor wrote it: sorted by time, row groups of 10,000 rows, Snappy. */
async function writeParquet(file: string, samples: readonly Old[]): Promise<void> {
  const json = `${file}.json.tmp`;
  await writeFile(json, ndjson(samples));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT to_timestamp("timestamp") AS "timestamp", point_name, value, site_name FROM read_json('${json}',
       columns = {timestamp: 'DOUBLE', point_name: 'VARCHAR', value: 'DOUBLE', site_name: 'VARCHAR'}) ORDER BY 1)
     TO '${file}' (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 10000)`,
  );
  connection.closeSync();
  instance.closeSync();
  await rm(json);
}

async function raw(point: string, start: number, end: number): Promise<{ times: number[]; values: number[] }> {
  const range = { start_time: String(start), end_time: String(end) };
  const { series } = await deployment.query({ point_names: point, interval: "raw", ...range });
  return { times: series[0]?.timestamps ?? [], values: series[0]?.values ?? [] };
}

/** Runs `npm run import -- …`. @param state folder of the saved position */
function runImport(
  state: string,
  from = [join(folder, "old")],
  ...args: string[]
): Promise<{ code: number; output: string }> {
  const all = [
    COMMAND,
    ...from.flatMap((path) => ["--from", path]),
    "--to",
    deployment.urls.etl,
    "--token",
    "test-admin",
    ...args,
  ];
  const env = { ...process.env, STATE_DIR: join(folder, state), NODE_NO_WARNINGS: "1" };
  return new Promise((resolve) => {
    execFile(process.execPath, all, { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr });
    });
  });
}

async function expectAll(): Promise<void> {
  for (const samples of [A1, B1, A2, B2]) {
    const { point, time } = samples[0]!;
    const day = Math.floor(time / DAY_MS) * DAY_MS;
    // A name with a comma needs its own parameter.
    const url = new URL(`${deployment.urls.query}/timeseries/query`);
    const parameters = { site_name: SITE, interval: "raw", start_time: String(day), end_time: String(day + DAY_MS) };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    url.searchParams.append("point_names", point);
    url.searchParams.append("point_names", own.point);
    const { series } = answerSchema.parse(await (await fetch(url)).json());
    const found = series.find((one) => one.point_name === point);
    expect(found?.timestamps).toEqual(samples.map((one) => one.time));
    expect(found?.values).toEqual(samples.map((one) => one.value));
  }
}

it("imports every layout, keeps the API's values, accounts for each record", async () => {
  const { code, output } = await runImport("first");
  expect(output).toContain("skipped  1 file with other extensions\n");
  expect(output).toMatch(
    /1\.ndjson: 1,457 records, 1,451 samples; dropped: 1 null, 1 non_numeric, 1 bad_time, 1 future, 2 malformed\n/,
  );
  expect(output).toMatch(/^dropped {2}.*1\.ndjson, line 1452: null$/m);
  expect(output).toMatch(/^dropped {2}.*1\.ndjson, line 1457: malformed, it is not a JSON object$/m);
  expect(output).toMatch(/REFUSED {2}elsewhere .*: The SITES setting has no site "elsewhere"/);
  const kept = own.times.length;
  const read = 1457 + 100 + 1440 + 1440 + kept + 2;
  expect(output).toContain(`done     ${read.toLocaleString("en")} records of 5 files:\n`);
  for (const line of [
    `${(1440 + 100 + 1440 + 1440 + 1).toLocaleString("en")} stored`,
    `${kept} already stored with another value`,
    "10 read twice",
    "1 replaced by a later file's value",
    "1 NOT IMPORTED",
  ]) {
    expect(output).toContain(`         ${line}\n`);
  }
  expect(code).toBe(1);
  await expectAll();
  await settleDue(deployment.workers);
  await expectAll();
  const now = await raw(own.point, own.times[0]! - 1_000, own.times.at(-1)! + 1);
  expect(now).toEqual({ times: [own.times[0]! - 1_000, ...own.times], values: [77, ...own.values] });
  const files = [FIRST, SECOND].map((day) => new Date(day).toISOString().slice(0, 10).replaceAll("-", "/"));
  expect(await deployment.workers.listObjects("timeseries/")).toEqual(
    // Within the first hour of a day, the API's samples begin on the day before. That day is settled too.
    expect.arrayContaining(files.map((day) => `timeseries/${day}/${SITE}.parquet`)),
  );
});

it("exits with 1 after a dropped record, and stores the valid ones", async () => {
  const time = FIRST + 7_200_000;
  const header = "site_name,point_name,timestamp,value\n";
  const row = (point: string) => `${SITE},${point},${new Date(time).toISOString()},72`;
  const good = join(folder, "good.csv");
  const bad = join(folder, "bad.csv");
  await writeFile(good, `${header}${row("new/good")}\n`);
  await writeFile(bad, `${header}${row("new/comma")},5\n${row("new/other")}\n`);
  expect(await runImport("good", [good])).toMatchObject({ code: 0 });
  const { code, output } = await runImport("bad", [bad]);
  expect(output).toContain(`dropped  ${bad}, line 2: malformed, it has 5 fields, the header 4\n`);
  expect(output).toContain("         1 stored\n         1 malformed\n");
  expect(code).toBe(1);
  // The saved position keeps the exit code.
  expect(await runImport("bad", [bad])).toMatchObject({ code: 1 });
  expect(await raw("new/other", time, time + 1)).toEqual({ times: [time], values: [72] });
});

it("a repeated import changes nothing, with or without its position", async () => {
  const keys = await deployment.workers.listObjects("timeseries/");
  const before = await Promise.all(keys.map((key) => deployment.workers.readObject(key)));
  const anew = await runImport("second");
  expect(anew.output).not.toMatch(/ [1-9][\d,]* stored/);
  expect(anew.output).toContain(`         ${(1440 + 100 + 1440 + 1440 + 1).toLocaleString("en")} already stored\n`);
  const remembered = await runImport("first");
  expect(remembered.output).toContain("(before)");
  expect(remembered.output).not.toContain("sent ");
  expect(await Promise.all(keys.map((key) => deployment.workers.readObject(key)))).toEqual(before);
  await expectAll();
});

it("--check sends nothing, and a wrong token is refused in a sentence", async () => {
  const checked = await runImport("check", undefined, "--check", "--to", "http://127.0.0.1:1");
  expect(checked.output).toContain("Nothing was sent: --check.");
  // Some of its records are no samples.
  expect(checked.code).toBe(1);
  const refused = await runImport("wrong", undefined, "--token", "wrong");
  expect(refused.output).toContain("refuses the token");
  expect(refused.output).not.toContain("    at ");
  expect(refused.code).toBe(1);
});
