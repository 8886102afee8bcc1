import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { applyMigrations } from "@building-vitals/local/migrations";
import { bundleWorker } from "@building-vitals/local/worker-bundle";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { z } from "zod";
import { Bench, type Figure } from "./bench.ts";
import { benchColdDay } from "./cold-day.ts";
import { type BenchSize, FULL_SIZE, SMOKE_SIZE } from "./size.ts";

const WORKER = fileURLToPath(new URL("worker/index.ts", import.meta.url));
const MIGRATIONS = fileURLToPath(new URL("../../migrations", import.meta.url));
const REPORT = fileURLToPath(new URL("../../.local/bench.json", import.meta.url));

const LAYOUTS = [
  ["hours", "hour rows (this project)"],
  ["integers", "row per sample, integer keys"],
  ["texts", "row per sample, text keys"],
] as const;

const writeSchema = z.object({
  milliseconds: z.array(z.number()),
  againMilliseconds: z.array(z.number()),
  rowsWritten: z.array(z.number()),
  statements: z.array(z.number()),
  bytesPerSample: z.number(),
});

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

async function startWorkerd(stateDir: string, size: BenchSize): Promise<Miniflare> {
  const worker = {
    name: "bench",
    compatibilityDate: "2026-10-01",
    modules: [{ type: "ESModule" as const, path: "bench.js", contents: await bundleWorker(WORKER) }],
    compatibilityFlags: ["nodejs_compat"],
    d1Databases: { HOURS: "hours", INTEGERS: "integers", TEXTS: "texts", COLD: "cold" },
    r2Buckets: ["TIMESERIES"],
    bindings: { SIZE: size },
  };
  const shared = { cf: false, telemetry: { enabled: false }, log: new Log(LogLevel.NONE) };
  const options = convertV4MiniflareOptions({ workers: [worker], ...shared });
  return new Miniflare({ ...options, resourcePersistencePath: stateDir });
}

/** The benchmarks of the pages and the hot level. */
class HotBench extends Bench {
  async decoder(): Promise<void> {
    const { decodes: runs, pageRows } = this.size;
    const { rows } = await this.ask(z.object({ rows: z.int(), bytes: z.int() }), "/page");
    const seconds = async (path: string) => {
      const measured: number[] = [];
      for (let i = 0; i < 5; i++) {
        const started = performance.now();
        await this.ask(z.unknown(), path, { runs });
        measured.push((performance.now() - started) / 1000);
      }
      return median(measured);
    };
    this.compare(`decode a page of ${pageRows.toLocaleString("en")} rows`, "samples/s", [
      ["JSON text to columns", (rows * runs) / (await seconds("/decode"))],
      ["JSON.parse alone", (rows * runs) / (await seconds("/parse"))],
    ]);
  }

  async writes(): Promise<void> {
    const [fresh, given, points] = [5, 15, 1].map((n) => (n * this.size.points).toLocaleString("en"));
    const group = `a sync: ${fresh} new samples of ${given} given, ${points} points`;
    const results: [string, z.infer<typeof writeSchema>][] = [];
    for (const [layout, name] of LAYOUTS) results.push([name, await this.ask(writeSchema, "/write", { layout })]);
    const of = (value: (result: z.infer<typeof writeSchema>) => number) =>
      results.map(([name, result]) => [name, value(result)] as const);
    this.compare(
      group,
      "ms",
      of((result) => median(result.milliseconds)),
    );
    this.compare(
      group,
      "ms, run again",
      of((result) => median(result.againMilliseconds)),
    );
    this.compare(
      group,
      "rows written",
      of((result) => median(result.rowsWritten)),
    );
    this.compare(
      group,
      "statements",
      of((result) => median(result.statements)),
    );
    this.compare(
      group,
      "bytes a sample",
      of((result) => result.bytesPerSample),
    );
  }

  async reads(): Promise<void> {
    for (const [layout] of LAYOUTS) await this.ask(z.unknown(), "/fill", { layout });
    for (const [points, days] of this.size.reads) {
      const values: [string, number][] = [];
      for (const [layout, name] of LAYOUTS) {
        values.push([name, median(await this.ask(z.array(z.number()), "/read", { layout, points, days }))]);
      }
      this.compare(
        `read ${points} x ${days} days, ${(points * days * 1440).toLocaleString("en")} samples`,
        "ms",
        values,
      );
    }
  }
}

function print(figures: readonly Figure[]): void {
  const widest = (of: (figure: Figure) => string) => Math.max(...figures.map((one) => of(one).length));
  const figureWidth = widest(({ figure }) => figure);
  const candidateWidth = widest(({ candidate }) => candidate);
  for (const [group, inGroup] of Map.groupBy(figures, (figure) => figure.group)) {
    console.log(`\n${group}`);
    for (const { candidate, figure, value, ratio } of inGroup) {
      const shown = value >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
      const named = `${figure.padEnd(figureWidth)}  ${candidate.padEnd(candidateWidth)}`;
      console.log(`  ${named}  ${shown.padStart(9)} ${`${ratio.toFixed(2)}x`.padStart(7)}`);
    }
  }
}

// `npm run bench`: every claim of speed and size beside its baseline, in one run. `--smoke`: in a few seconds, to see
// that it still runs; `--report FILE`: another place for the JSON.
const { values: options } = parseArgs({
  options: { smoke: { type: "boolean", default: false }, report: { type: "string", default: REPORT } },
});
const size = options.smoke ? SMOKE_SIZE : FULL_SIZE;
// Little old space, so that a Worker's 128 MB are real; what it holds in typed arrays comes on top.
process.env["MINIFLARE_WORKERD_V8_FLAGS"] = "--max-old-space-size=96";
const stateDir = await mkdtemp(join(tmpdir(), "building-vitals-bench-"));
const miniflare = await startWorkerd(stateDir, size);
try {
  const bench = new HotBench(await miniflare.ready, size);
  for (const database of ["HOURS", "COLD"]) {
    await applyMigrations(await miniflare.getD1Database(database), MIGRATIONS);
  }
  await bench.decoder();
  await bench.writes();
  await bench.reads();
  await benchColdDay(bench, miniflare, stateDir);
  print(bench.figures);
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
  await mkdir(dirname(options.report), { recursive: true });
  await writeFile(options.report, `${JSON.stringify({ machine, figures: bench.figures }, null, 2)}\n`);
  console.log(`\nAs JSON: ${relative(process.cwd(), options.report)}`);
} finally {
  await miniflare.dispose();
  await rm(stateDir, { recursive: true, force: true });
}
