import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import { startServer } from "@building-vitals/ace-simulator/server";
import { createSimulator } from "@building-vitals/ace-simulator/simulator";
import { BackfillClient } from "@building-vitals/local/backfill-client";
import { type LocalWorkers, startWorkers } from "@building-vitals/local/workers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { settleDue } from "./deployment.ts";
import { freePorts } from "./free-ports.ts";
import { type Expected, expectedOf } from "./served.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SYNC = { worker: "etl", cron: "*/5 * * * *" } as const;
const HOURLY = { worker: "etl", cron: "6 * * * *" } as const;
const DATABASES = ["DB", "DB_1", "DB_2"];

/** 20 sites of six points, assigned to three databases in rotation: site 4 to DB_1, site 5 to DB_2, site 6 to DB. */
const NAMES = Array.from({ length: 20 }, (_, i) => `ses_site_${String(i).padStart(2, "0")}`);
const SITES = NAMES.map((name, i) => ({ name, timezone: "America/Chicago", database: DATABASES[i % 3]! }));
const SOURCES = NAMES.map((site, i) =>
  createBuilding({
    seed: 50 + i,
    site,
    timezone: "America/Chicago",
    points: 6,
    unconfiguredPoints: 0,
    weather: false,
    collectInterval: 300,
  }),
);
const dateBefore = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
const YESTERDAY = dateBefore(1);

/** Runs before the upstream answers for a site. null: the upstream answers normally. */
const trouble = new Map<string, () => Promise<Response | null>>();
const upstream = createSimulator({ sources: SOURCES, apiKey: "test-key", now: Date.now });
const simulator = {
  fetch: async (request: Request) => {
    const [, site = ""] = /\/sites\/(\w+)\//.exec(request.url) ?? [];
    return (await trouble.get(site)?.()) ?? upstream.fetch(request);
  },
};
let server: Awaited<ReturnType<typeof startServer>>;
let workers: LocalWorkers;
let stateDir: string;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "building-vitals-"));
  server = await startServer({ simulator, port: 0 });
  const [etl, backfill, query] = await freePorts(3);
  workers = await startWorkers({
    stateDir,
    ports: { etl: etl!, backfill: backfill!, query: query! },
    settings: {
      ACE_API_BASE_URL: `${server.url}/api`,
      ACE_API_KEY: "test-key",
      ADMIN_TOKEN: "test-admin",
      SITES: JSON.stringify(SITES),
      INITIAL_LOOKBACK_HOURS: "2",
      REQUESTS_PER_MINUTE: "60000",
    },
  });
  while ((await status()).some(({ watermark }) => watermark === null)) await workers.runCron(SYNC);
});
afterAll(async () => {
  await workers?.close();
  await server?.close();
  await rm(stateDir, { recursive: true, force: true });
});

async function ask<S extends z.ZodType>(url: string, schema: S, body?: unknown): Promise<z.output<S>> {
  const headers = { authorization: "Bearer test-admin" };
  const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status}: ${await response.text()}`);
  return schema.parse(await response.json());
}

const statusSchema = z.object({
  sites: z.array(
    z.object({
      name: z.string(),
      watermark: z.iso.datetime().nullable(),
      last_runs: z.array(z.object({ complete: z.boolean() })),
    }),
  ),
});
const status = async () => (await ask(`${workers.urls.etl}/status`, statusSchema)).sites;

const answerSchema = z.object({
  series: z.array(z.object({ point_name: z.string(), timestamps: z.array(z.number()), values: z.array(z.number()) })),
  metadata: z.object({ partial: z.boolean(), sources: z.array(z.string()) }),
});

/** All points of a site in a range as lines, and the sources of the answer. */
async function queried(site: number, start: number, end: number): Promise<{ lines: Expected; sources: string[] }> {
  const names = SOURCES[site]!.points.map(({ name }) => name);
  const search = new URLSearchParams({ site_name: NAMES[site]!, interval: "raw" });
  for (const name of names) search.append("point_names", name);
  search.set("start_time", String(start));
  search.set("end_time", String(end));
  const { series, metadata } = await ask(`${workers.urls.query}/timeseries/query?${search.toString()}`, answerSchema);
  expect(metadata.partial).toBe(false);
  const lines = series.flatMap(({ point_name, timestamps, values }) =>
    timestamps.map((time, i) => `${point_name} ${time} ${values[i]}`),
  );
  return { lines: lines.sort(), sources: metadata.sources };
}

test("all sites are fresh after some crons, each in its own database", async () => {
  const sites = await status();
  expect(sites.map(({ name }) => name).sort()).toEqual(NAMES);
  const end = Math.min(...sites.map(({ watermark }) => Date.parse(watermark ?? "")));
  for (const site of [0, 1, 2, 7, 19]) {
    const { lines, sources } = await queried(site, end - HOUR_MS, end);
    expect(lines).toEqual(expectedOf(SOURCES[site]!, end - HOUR_MS, end));
    expect(lines.length).toBeGreaterThan(60);
    expect(sources).toEqual(["D1"]);
  }
  const { sites: listed } = await ask(
    `${workers.urls.query}/sites`,
    z.object({ sites: z.array(z.object({ name: z.string(), data_until: z.iso.datetime() })) }),
  );
  expect(listed.map(({ name }) => name)).toEqual(NAMES);
});

test("health, stats and metrics cover every database", async () => {
  const healthSchema = z.object({
    status: z.literal("ok"),
    checks: z.record(z.string(), z.object({ ok: z.boolean() })),
  });
  for (const url of Object.values(workers.urls)) {
    const { checks } = await ask(`${url}/health`, healthSchema);
    expect(Object.keys(checks)).toEqual(["settings", "schema", "schema of DB_1", "schema of DB_2"]);
  }
  const statsSchema = z.object({
    databases: z.array(z.object({ binding: z.string(), bytes: z.int().positive() })),
    sites: z.array(z.object({ name: z.string(), points: z.object({ configured: z.literal(6) }) })),
  });
  const stats = await ask(`${workers.urls.etl}/stats`, statsSchema);
  expect(stats.databases.map(({ binding }) => binding)).toEqual(DATABASES);
  expect(stats.sites.map(({ name }) => name)).toEqual(NAMES);
  const metrics = await (await fetch(`${workers.urls.etl}/metrics`)).text();
  expect(
    [...metrics.matchAll(/^building_vitals_last_sync_complete\{site="(\w+)"\} 1$/gm)].map(([, site]) => site),
  ).toHaveLength(20);
  expect(metrics).toContain("\nbuilding_vitals_sync_sites_waiting 0\n");
});

test("a failing site and a hanging site delay no other", async () => {
  trouble.set(NAMES[3]!, () => Promise.resolve(new Response("", { status: 403 })));
  trouble.set(NAMES[4]!, async () => {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return null;
  });
  const before = Date.now();
  await workers.runCron(SYNC);
  trouble.clear();
  const late = (await status()).filter(({ watermark }) => Date.parse(watermark ?? "") < before);
  expect(late.map(({ name }) => name)).toEqual([NAMES[3]]);
  // The site's next run makes up for the failed one.
  await workers.runCron(SYNC);
  expect((await status()).filter(({ watermark }) => Date.parse(watermark ?? "") < before)).toEqual([]);
});

test("the hourly jobs, an import and settling use the site's database", async () => {
  await workers.runCron(HOURLY);
  const day = dateBefore(4);
  const noon = Date.parse(day) + DAY_MS / 2;
  const due = z.object({ sites: z.array(z.object({ site: z.string(), days: z.array(z.string()) })) });
  for (const site of [3, 4, 5]) {
    const { name } = SOURCES[site]!.points[0]!;
    const points = [{ name, samples: [[noon, site]] }];
    const imported = z.object({ stored: z.literal(1) });
    await ask(`${workers.urls.etl}/import`, imported, { site: NAMES[site], day, points });
    const { sites } = await ask(`${workers.urls.etl}/settle`, due, { site: NAMES[site], day });
    expect(sites).toMatchObject([{ site: NAMES[site], days: [day] }]);
    await settleDue(workers);
    const { lines, sources } = await queried(site, noon - 1, noon + 1);
    expect(lines).toEqual([`${name} ${noon} ${site}`]);
    expect(sources).toEqual(["R2"]);
  }
  const daily = { worker: "etl", cron: "21 3 * * *" } as const;
  await workers.runCron(daily);
});

test("a backfill over three databases writes each site's days once", async () => {
  const client = new BackfillClient(workers.urls.backfill, "test-admin");
  const sites = [NAMES[6]!, NAMES[7]!, NAMES[8]!];
  const run = async () => {
    await client.start({ start_date: YESTERDAY, end_date: YESTERDAY, sites });
    for (;;) {
      const now = await ask(
        `${workers.urls.backfill}/backfill/status`,
        z.object({ status: z.string(), site_days_completed: z.int(), days_completed: z.int(), days_skipped: z.int() }),
      );
      if (now.status !== "in_progress") return now;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  expect(await run()).toMatchObject({
    status: "completed",
    days_completed: 1,
    site_days_completed: 3,
    days_skipped: 0,
  });
  const start = Date.parse(YESTERDAY);
  for (const site of [6, 7, 8]) {
    const { lines, sources } = await queried(site, start, start + DAY_MS);
    expect(lines).toEqual(expectedOf(SOURCES[site]!, start, start + DAY_MS));
    expect(sources).toEqual(["R2"]);
    const coverage = await ask(
      `${workers.urls.query}/sites/${NAMES[site]}/coverage?start=${YESTERDAY}&end=${start + DAY_MS}`,
      z.object({ days: z.array(z.object({ cold: z.object({ state: z.string() }) })) }),
    );
    expect(coverage.days).toMatchObject([{ cold: { state: "written" } }]);
  }
  expect(await run()).toMatchObject({ status: "completed", days_skipped: 1 });
  const days = await ask(
    `${workers.urls.backfill}/backfill/days?from=${YESTERDAY}&to=${YESTERDAY}`,
    z.object({ sites: z.array(z.object({ site: z.string(), summary: z.object({ written: z.int() }) })) }),
  );
  expect(days.sites.filter(({ summary }) => summary.written === 1).map(({ site }) => site)).toEqual(sites);
});
