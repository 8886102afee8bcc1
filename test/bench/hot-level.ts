import { z } from "zod";
import { type Bench, percentile } from "./bench.ts";

const LAYOUTS = [
  ["segments", "segments (this project)"],
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
  return percentile(values, 50);
}

/** Decoding a page of the API. */
export async function benchDecoder(bench: Bench): Promise<void> {
  const { decodes: runs, pageRows } = bench.size;
  const { rows } = await bench.ask(z.object({ rows: z.int(), bytes: z.int() }), "/page");
  const seconds = async (path: string) => {
    const measured: number[] = [];
    for (let i = 0; i < 5; i++) {
      const started = performance.now();
      await bench.ask(z.unknown(), path, [["runs", runs]]);
      measured.push((performance.now() - started) / 1000);
    }
    return median(measured);
  };
  bench.compare(`decode a page of ${pageRows.toLocaleString("en")} rows`, "samples/s", [
    ["JSON text to columns", (rows * runs) / (await seconds("/decode"))],
    ["JSON.parse alone", (rows * runs) / (await seconds("/parse"))],
  ]);
}

/** Storing what a sync brings. */
export async function benchWrites(bench: Bench): Promise<void> {
  const [fresh, given, points] = [5, 15, 1].map((n) => (n * bench.size.points).toLocaleString("en"));
  const group = `a sync: ${fresh} new samples of ${given} given, ${points} points`;
  const results: [string, z.infer<typeof writeSchema>][] = [];
  for (const [layout, name] of LAYOUTS)
    results.push([name, await bench.ask(writeSchema, "/write", [["layout", layout]])]);
  const compare = (figure: string, value: (result: z.infer<typeof writeSchema>) => number) =>
    bench.compare(
      group,
      figure,
      results.map(([name, result]) => [name, value(result)] as const),
    );
  compare("ms", (result) => median(result.milliseconds));
  compare("ms, run again", (result) => median(result.againMilliseconds));
  compare("rows written", (result) => median(result.rowsWritten));
  compare("statements", (result) => median(result.statements));
  compare("bytes a sample", (result) => result.bytesPerSample);
}

/** Reading samples of the hot level, without the query around it. */
export async function benchReads(bench: Bench): Promise<void> {
  for (const [layout] of LAYOUTS) await bench.ask(z.unknown(), "/fill", [["layout", layout]]);
  for (const [points, days] of bench.size.reads) {
    const values: [string, number][] = [];
    for (const [layout, name] of LAYOUTS) {
      const asked = [
        ["layout", layout],
        ["points", points],
        ["days", days],
      ] satisfies [string, string | number][];
      values.push([name, median(await bench.ask(z.array(z.number()), "/read", asked))]);
    }
    bench.compare(
      `read ${points} x ${days} days, ${(points * days * 1440).toLocaleString("en")} samples`,
      "ms",
      values,
    );
  }
}
