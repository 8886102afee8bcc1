import { statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Miniflare } from "miniflare";
import { z } from "zod";
import type { Bench } from "./bench.ts";
import { watchIsolate } from "./isolate-memory.ts";
import { cpuSeconds, forgetPeak, residentMb, workerdPid } from "./workerd-process.ts";

const MB = 2 ** 20;

const workSchema = z.object({ rows: z.int(), largest: z.int() });
const mergedSchema = z.object({ key: z.string(), rows: z.int(), bytes: z.int() });

/**
 * One full day of a sample a minute, through the builder and the writer, in workerd.
 * @param startAnew gives a workerd on the same state that has done nothing yet
 */
export async function benchColdDay(bench: Bench, startAnew: () => Promise<Miniflare>, folder: string): Promise<void> {
  const group = `a day file: ${bench.size.points.toLocaleString("en")} points x 1,440 samples`;
  const spilled = await bench.ask(workSchema, "/cold/spill");
  // What the spills have left in memory would hide what the merge takes.
  const miniflare = await startAnew();
  await bench.ask(z.unknown(), "/cold/idle");
  const pid = workerdPid();
  const [cpuBefore, idle] = [cpuSeconds(pid), residentMb(pid, "VmRSS")];
  forgetPeak(pid);
  const watch = await watchIsolate(miniflare, "bench");
  const { key, rows, bytes } = await bench.ask(mergedSchema, "/cold/merge");
  const isolate = watch.most();
  watch.close();
  const cpu = cpuSeconds(pid) - cpuBefore;
  const grown = residentMb(pid, "VmHWM") - idle;

  const object = await (await miniflare.getR2Bucket("TIMESERIES")).get(key);
  if (object === null) throw new Error(`${key} is gone`);
  const ours = join(folder, "ours.parquet");
  await writeFile(ours, new Uint8Array(await object.arrayBuffer()));
  const duckdb = await (await DuckDBInstance.create()).connect();
  const copy = async (name: string, order: string, options: string) => {
    const file = join(folder, name);
    await duckdb.run(`COPY (SELECT * FROM '${ours}' ORDER BY ${order}) TO '${file}' (FORMAT parquet, ${options})`);
    return statSync(file).size;
  };
  const sorted = await copy("sorted.parquet", "point_name, timestamp", "COMPRESSION zstd");
  const old = await copy("old.parquet", "timestamp, point_name", "COMPRESSION snappy, ROW_GROUP_SIZE 10000");
  duckdb.closeSync();
  bench.compare(group, "bytes a sample", [
    ["day file (this project)", bytes / rows],
    ["DuckDB, sorted, zstd", sorted / rows],
    ["time order, 10,000-row groups, Snappy", old / rows],
  ]);
  bench.compare(group, "CPU s of the merge", [["day file (this project)", cpu]]);
  bench.compare(group, "MB of the isolate, peak", [["day file (this project)", isolate]]);
  bench.compare(group, "MB resident when idle", [["day file (this project)", idle]]);
  bench.compare(group, "MB more at the peak", [["day file (this project)", grown]]);
  bench.compare(group, "MB of file", [["day file (this project)", bytes / MB]]);
  await benchSettling(bench, startAnew, { rows, largest: spilled.largest });
}

/** A settling of the API's hours, as many segments and the day's present file. @param before of the API's hours, and of its list */
async function benchSettling(
  bench: Bench,
  startAnew: () => Promise<Miniflare>,
  before: z.output<typeof workSchema>,
): Promise<void> {
  const group = `settling a day again: ${bench.size.points.toLocaleString("en")} points x 1,440 samples`;
  const stored = await bench.ask(workSchema, "/cold/store");
  const miniflare = await startAnew();
  await bench.ask(z.unknown(), "/cold/idle");
  const pid = workerdPid();
  const cpuBefore = cpuSeconds(pid);
  const watch = await watchIsolate(miniflare, "bench");
  const settled = await bench.ask(workSchema, "/cold/settle");
  const isolate = watch.most();
  watch.close();
  if (settled.rows < before.rows)
    throw new Error(`settling: expected ${before.rows} rows or more, found ${settled.rows}`);
  bench.compare(group, "CPU s, the simulated API's too", [["day file (this project)", cpuSeconds(pid) - cpuBefore]]);
  bench.compare(group, "MB of the isolate, peak", [["day file (this project)", isolate]]);
  const largest = Math.max(before.largest, stored.largest, settled.largest);
  bench.compare(group, "rows of the largest transaction", [["day file (this project)", largest]]);
}
