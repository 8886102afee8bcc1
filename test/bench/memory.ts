import { z } from "zod";
import type { Bench } from "./bench.ts";
import { type IsolateWatch, watchIsolate } from "./isolate-memory.ts";
import { timeseries } from "./year-cases.ts";
import { HOT_END, spreadIds } from "./year-size.ts";
import type { SiteYear } from "./year-state.ts";

const MB = 2 ** 20;
const DAY_MS = 86_400_000;
const SAMPLES_PER_DAY = 1_440;
/** As many as one question may have. */
const MOST_POINTS = 100;
/** of each answer, one after the other: what the last has left is garbage of the next */
export const RUNS = 5;

const metadataSchema = z.object({ metadata: z.object({ partial: z.literal(false), total_samples: z.int() }) });

/** What the query Worker's isolate holds while it makes the largest charts of a year, in every format. */
export async function benchMemory(bench: Bench, { miniflare, url }: SiteYear): Promise<void> {
  const watch = await watchIsolate(miniflare, "bench");
  const charts = [
    ["1hr", 1],
    ["1day", 1],
    ["1hr", 2],
  ] as const;
  for (const [interval, atOnce] of charts) await benchCharts(bench, url, watch, interval, atOnce);
  watch.close();
}

/** @param atOnce clients that ask the same at once */
async function benchCharts(
  bench: Bench,
  url: URL,
  watch: IsolateWatch,
  interval: "1hr" | "1day",
  atOnce: number,
): Promise<void> {
  const { points, days } = bench.size.year;
  const ids = spreadIds(points, Math.min(points, MOST_POINTS));
  const chart = `${ids.length} points x ${days} days ${interval}`;
  const group = atOnce === 1 ? chart : `${atOnce} x ${chart} at once`;
  const path = timeseries({ ids, start: HOT_END - days * DAY_MS, end: HOT_END, interval });
  const peaks: [string, number][] = [];
  const sizes: [string, number][] = [];
  for (const format of ["json", "csv", "arrow"]) {
    process.stderr.write(`memory: ${group}, ${format}\n`);
    const search = new URLSearchParams({ path: `${path}&format=${format}` });
    const answer = async () => {
      for (;;) {
        const response = await fetch(new URL(`/answer?${search.toString()}`, url));
        const body = new Uint8Array(await response.arrayBuffer());
        if (response.status === 200) return body;
        const retryAfter = response.headers.get("retry-after");
        if (retryAfter === null) throw new Error(`${group}, ${format}: ${new TextDecoder().decode(body)}`);
        await new Promise((resolve) => setTimeout(resolve, 1000 * Number(retryAfter)));
      }
    };
    watch.forget();
    let bodies: Uint8Array[] = [];
    for (let run = 0; run < RUNS; run++) bodies = await Promise.all(Array.from({ length: atOnce }, answer));
    peaks.push([format, watch.most()]);
    if (format === "json") for (const body of bodies) checkWhole(group, body, ids.length * days * SAMPLES_PER_DAY);
    sizes.push([format, bodies[0]!.length / MB]);
  }
  bench.compare(group, "MB of the isolate, peak", peaks);
  bench.compare(group, "MB of answer", sizes);
}

/** @throws where samples are missing: what the answer took would say nothing */
function checkWhole(group: string, body: Uint8Array, samples: number): void {
  const { metadata } = metadataSchema.parse(JSON.parse(new TextDecoder().decode(body)));
  if (metadata.total_samples !== samples) throw new Error(`${group}: ${metadata.total_samples} of ${samples} samples`);
}
