import { join } from "node:path";
import { z } from "zod";
import { type Bench, percentile, type Section } from "./bench.ts";
import { DuckDbDays } from "./duckdb-days.ts";
import { benchMemory } from "./memory.ts";
import { pointName } from "./worker/year/samples.ts";
import { casesOf, type YearCase } from "./year-cases.ts";
import { SITE_NAME } from "./year-size.ts";
import { daysOf, type SiteYear, startSiteYear } from "./year-state.ts";

/** In the model a request to R2 takes this long, ms, with so many under way at once. */
const R2_MODEL_MS = [30, 50, 100];
const REQUESTS_AT_ONCE = 6;

/** One of so many runs is also timed outside, to check the clock inside. */
const OUTSIDE_RUNS_OF = 5;

const OURS = "this project, in workerd";
const ROWS = "row per sample in D1, in workerd";
const DUCKDB = "DuckDB, the same day files on disk";

const runsSchema = z.array(z.number());
const costSchema = z.object({
  cost: z.object({
    roundTrips: z.int(),
    statements: z.int(),
    rowsRead: z.int(),
    requests: z.int(),
    objectBytes: z.int(),
  }),
  bytes: z.int(),
  answers: z.array(z.string()),
});
const metadataSchema = z.object({ metadata: z.object({ partial: z.literal(false), total_samples: z.int() }) });
const latestSchema = z.object({ partial: z.literal(false), points: z.array(z.unknown()) });

/**
 * Queries of a site's year through the query Worker, compared with DuckDB and a row per sample; and the isolate's
 * memory.
 */
export async function benchSiteYear(bench: Bench, only: readonly Section[], folder: string): Promise<void> {
  const size = bench.size.year;
  const year = await startSiteYear(folder, size, (line) => process.stderr.write(`${line}\n`));
  bench.notes.push(
    `A site's year: ${size.points.toLocaleString("en")} points x ${size.days} days, a sample a minute. ` +
      `The last ${size.openDays} days, and half an hour more, are in segments. The ${size.keptDays} days before have files, whose row groups ` +
      `D1 keeps. The ${size.fileDays} days before have files in R2. The ${size.days - size.openDays - size.keptDays - size.fileDays} days before ` +
      "have rows in D1 (hourly aggregates, locators, manifest) and no file. " +
      `The row-per-sample layout has ${size.baselinePoints} points of the open and kept days. ` +
      (year.builtIn === null ? "It was kept from an earlier run." : `Built in ${Math.round(year.builtIn)} s.`),
  );
  try {
    bench.connect(year.url);
    bench.section = "site-year";
    if (only.includes("site-year")) {
      benchSpace(bench, year);
      await benchQuestions(bench, year, folder);
    }
    bench.section = "memory";
    if (only.includes("memory")) await benchMemory(bench, year);
  } finally {
    await year.miniflare.dispose();
  }
}

/** Bytes in D1. Nothing was deleted, so no page is free. */
function benchSpace(bench: Bench, { bytes }: SiteYear): void {
  const { days, openDays, keptDays } = bench.size.year;
  const ofDay = (bytes.aggregates - bytes.start) / (days - openDays - keptDays);
  const recent = bytes.end - bytes.aggregates - keptDays * ofDay;
  bench.compare("space in D1", `MB of ${openDays + keptDays} hot days, ${openDays} of them open`, [
    [OURS, recent / 1e6],
  ]);
  bench.compare("space in D1", "MB of a year of aggregates", [[OURS, (365 * ofDay) / 1e6]]);
}

async function benchQuestions(bench: Bench, year: SiteYear, folder: string): Promise<void> {
  const { files, kept } = daysOf(bench.size.year);
  const fileDays = Array.from({ length: kept - files }, (_, i) => files + i);
  const duckdb = await DuckDbDays.open(year.miniflare, join(folder, "files"), SITE_NAME, fileDays);
  try {
    const still = percentile(await bench.ask(runsSchema, "/time/nothing", [["runs", bench.size.runs]]), 50);
    for (const one of casesOf(bench.size.year)) {
      process.stderr.write(`${one.name}\n`);
      await benchCase(bench, year, duckdb, one, still);
    }
  } finally {
    duckdb.close();
  }
}

/** @param still ms of empty runs */
async function benchCase(
  bench: Bench,
  { url }: SiteYear,
  duckdb: DuckDbDays,
  { name, paths, samples, rowsSql, cold }: YearCase,
  still: number,
): Promise<void> {
  const { runs } = bench.size;
  const asked = paths.map((path): [string, string] => ["path", path]);
  const { cost, bytes, answers } = await bench.ask(costSchema, "/cost", asked);
  check(name, answers, samples, bench.size.year.points);
  const timed = async (route: string, query: readonly [string, string][]) =>
    (await bench.ask(runsSchema, route, [...query, ["runs", runs]])).map((ms) => Math.max(0, ms - still));
  const ours = await timed("/time", asked);
  const others: [string, number[]][] = [];
  if (cold !== null && samples !== null) {
    others.push([DUCKDB, await duckdb.timeRuns(runs, cold.ids.map(pointName), cold.days, samples)]);
  }
  if (rowsSql !== null) others.push([ROWS, await timed("/time/rows", [["sql", rowsSql]])]);
  for (const p of [50, 95]) {
    const of = ([candidate, values]: readonly [string, readonly number[]]) =>
      [candidate, percentile(values, p)] as const;
    bench.compare(name, `ms, p${p}`, [of([OURS, ours]), ...others.map(of)]);
  }
  bench.compare(name, "ms, p50, over HTTP", [
    [OURS, percentile(await outsideRuns(url, asked, Math.ceil(runs / OUTSIDE_RUNS_OF)), 50)],
  ]);
  if (cost.requests > 0) {
    const waves = Math.ceil(cost.requests / REQUESTS_AT_ONCE);
    for (const ms of R2_MODEL_MS) {
      bench.compare(name, `ms, R2 at ${ms} ms`, [[OURS, percentile(ours, 50) + waves * ms]]);
    }
  }
  bench.compare(name, "D1 round trips", [[OURS, cost.roundTrips]]);
  bench.compare(name, "D1 statements", [[OURS, cost.statements]]);
  bench.compare(name, "D1 rows read", [[OURS, cost.rowsRead]]);
  bench.compare(name, "R2 requests", [[OURS, cost.requests]]);
  bench.compare(name, "R2 KB", [[OURS, cost.objectBytes / 1024]]);
  bench.compare(name, "KB of answer", [[OURS, bytes / 1024]]);
}

/** The time of the same answers at a client outside workerd, less that of an empty request, ms. */
async function outsideRuns(url: URL, query: readonly [string, string][], runs: number): Promise<number[]> {
  const once = async (route: string, of: readonly [string, string][]) => {
    const started = performance.now();
    const search = new URLSearchParams([...of, ["runs", "1"]]);
    const response = await fetch(new URL(`${route}?${search.toString()}`, url));
    await response.arrayBuffer();
    return performance.now() - started;
  };
  const still: number[] = [];
  const asked: number[] = [];
  for (let run = 0; run < runs; run++) {
    still.push(await once("/time/nothing", []));
    asked.push(await once("/time", query));
  }
  return asked.map((ms) => Math.max(0, ms - percentile(still, 50)));
}

/** @throws if samples are missing: the time of such an answer means nothing */
function check(name: string, answers: readonly string[], samples: number | null, points: number): void {
  let found = 0;
  for (const answer of answers) {
    const given: unknown = JSON.parse(answer);
    if (samples === null) found += latestSchema.parse(given).points.length;
    else found += metadataSchema.parse(given).metadata.total_samples;
  }
  if (found !== (samples ?? points))
    throw new Error(`${name}: expected ${samples ?? points} in the answer, found ${found}`);
}
