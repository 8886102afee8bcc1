import { z } from "zod";
import { type Bench, percentile } from "./bench.ts";

const foundSchema = z.object({ points: z.int() });

/** Times that each question is asked in one request: a Worker's clock stands still while it computes. */
const AT_ONCE = 10;

/** Searching and filtering the points of a site, a page of 100. */
export async function benchFinding(bench: Bench): Promise<void> {
  const { points } = await bench.ask(foundSchema, "/find/store");
  const of = `${points.toLocaleString("en")} points`;
  const milliseconds = async (how: string, name: "search" | "filter", text: string) => {
    const ask = () =>
      bench.ask(foundSchema, "/find/page", [
        ["how", how],
        [name, text],
        ["runs", AT_ONCE],
      ]);
    await ask();
    const measured: number[] = [];
    for (let run = 0; run < 9; run++) {
      const started = performance.now();
      await ask();
      measured.push((performance.now() - started) / AT_ONCE);
    }
    return percentile(measured, 50);
  };
  for (const search of ["ahu5002 supply", "zone temp", "a"]) {
    bench.compare(`search ${of}: ${search}`, "ms", [
      ["index of the isolate", await milliseconds("index", "search", search)],
      ["index read anew", await milliseconds("anew", "search", search)],
      ["scan in SQL, the words side by side", await milliseconds("scan", "search", search)],
    ]);
  }
  const filter = 'zone and temp and not sp and equip == "Vav8002"';
  bench.compare(`filter ${of}`, "ms", [
    ["index of the isolate", await milliseconds("index", "filter", filter)],
    ["index read anew", await milliseconds("anew", "filter", filter)],
  ]);
}
