import type { Miniflare } from "miniflare";
import { z } from "zod";
import type { Bench } from "./bench.ts";
import { watchIsolate } from "./isolate-memory.ts";
import { cpuSeconds, workerdPid } from "./workerd-process.ts";

const MB = 2 ** 20;
const KB = 1024;
const MILLION = 1_000_000;

const daySchema = z.object({ fetched: z.int() });
const planSchema = z.object({
  ranges: z.array(z.object({ from: z.string().nullable(), to: z.string().nullable() })),
  bytes: z.int(),
});
const partSchema = z.object({ rows: z.int(), points: z.int(), requests: z.int() });
const fileSchema = z.object({ rows: z.int(), bytes: z.int(), fetched: z.int() });

const OURS = "month file (this project)";
const DAYS = "its day files";

/**
 * A month of a sample a minute, merged of its day files in workerd.
 * @param startAnew gives a workerd on the same state that has done nothing yet
 */
export async function benchMonthFile(bench: Bench, startAnew: () => Promise<Miniflare>): Promise<void> {
  const { points, days } = bench.size.month;
  const group = `a month file: ${points.toLocaleString("en")} points x ${days} days`;
  let fetchedOfDays = 0;
  for (let day = 0; day < days; day++)
    fetchedOfDays += (await bench.ask(daySchema, "/month/day", [["day", day]])).fetched;

  // What the day files have left in memory would hide what the merge takes.
  const miniflare = await startAnew();
  await bench.ask(z.unknown(), "/cold/idle");
  const pid = workerdPid();
  const watch = await watchIsolate(miniflare, "bench");
  const plan = await bench.ask(planSchema, "/month/plan");
  const began = cpuSeconds(pid);
  let [longest, requests] = [0, 0];
  for (const [number, { from, to }] of plan.ranges.entries()) {
    const before = cpuSeconds(pid);
    const query: [string, string | number][] = [["number", number]];
    if (from !== null) query.push(["from", from]);
    if (to !== null) query.push(["to", to]);
    const part = await bench.ask(partSchema, "/month/part", query);
    longest = Math.max(longest, cpuSeconds(pid) - before);
    requests = Math.max(requests, part.requests);
  }
  const merged = cpuSeconds(pid);
  const { rows, bytes, fetched } = await bench.ask(fileSchema, "/month/put");
  const [putting, isolate] = [cpuSeconds(pid) - merged, watch.most()];
  watch.close();

  bench.compare(group, "bytes a sample", [
    [OURS, bytes / rows],
    [DAYS, plan.bytes / rows],
  ]);
  bench.compare(group, "KB of a point's month", [
    [OURS, fetched / points / KB],
    [DAYS, fetchedOfDays / points / KB],
  ]);
  bench.compare(group, "CPU s a million samples", [[OURS, (merged - began) / (rows / MILLION)]]);
  bench.compare(group, "CPU s of the longest part", [[OURS, longest]]);
  bench.compare(group, "CPU s of putting it in place", [[OURS, putting]]);
  bench.compare(group, "R2 requests of a part, most", [[OURS, requests]]);
  bench.compare(group, "MB of the isolate, peak", [[OURS, isolate]]);
  bench.compare(group, "MB of file", [[OURS, bytes / MB]]);
}
