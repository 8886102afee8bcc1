import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Miniflare } from "miniflare";
import { z } from "zod";
import type { Bench } from "./bench.ts";

/** Linux counts CPU time in ticks of 10 ms. */
const TICKS_A_SECOND = 100;
const MB = 2 ** 20;

const mergedSchema = z.object({ key: z.string(), rows: z.int(), bytes: z.int() });

/** The workerd that this process has started: of its children the one of that name. Linux only. */
function workerdPid(): number {
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const [, name, parent] = /\((.*)\) \S+ (\d+)/.exec(stat) ?? [];
      if (name === "workerd" && Number(parent) === process.pid) return Number(entry);
    } catch {
      // it has ended since
    }
  }
  throw new Error("no workerd runs");
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** Resident memory now, or at its highest since {@link forgetPeak}, in MB. */
function residentMb(pid: number, of: "VmRSS" | "VmHWM"): number {
  return Number(new RegExp(`${of}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** One full day of a sample a minute, through the builder and the writer, in workerd. */
export async function benchColdDay(bench: Bench, miniflare: Miniflare, folder: string): Promise<void> {
  const group = `a day file: ${bench.size.points.toLocaleString("en")} points x 1,440 samples`;
  await bench.ask(z.unknown(), "/cold/spill");
  const pid = workerdPid();
  const [cpuBefore, residentBefore] = [cpuSeconds(pid), residentMb(pid, "VmRSS")];
  forgetPeak(pid);
  const { key, rows, bytes } = await bench.ask(mergedSchema, "/cold/merge");
  const cpu = cpuSeconds(pid) - cpuBefore;
  const grown = residentMb(pid, "VmHWM") - residentBefore;

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
  bench.compare(group, "bytes a sample", [
    ["day file (this project)", bytes / rows],
    ["DuckDB, sorted, zstd", sorted / rows],
    ["time order, 10,000-row groups, Snappy", old / rows],
  ]);
  bench.compare(group, "CPU s of the merge", [["day file (this project)", cpu]]);
  bench.compare(group, "MB more at the peak", [["day file (this project)", grown]]);
  bench.compare(group, "MB of file", [["day file (this project)", bytes / MB]]);
}
