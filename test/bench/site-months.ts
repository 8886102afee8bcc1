import { dayStart } from "@building-vitals/core/domain/day";
import { monthDays, monthOf } from "@building-vitals/core/domain/month";
import { z } from "zod";
import { type Bench, percentile } from "./bench.ts";
import { spreadIds, type YearSize } from "./year-size.ts";
import { daysOf, startSiteYear } from "./year-state.ts";

const OURS = "month files (this project)";
const DAYS = "its day files";

/** In the model a request to R2 takes this long, ms, and a Worker has six under way at once. */
const R2_MODEL_MS = 50;
const REQUESTS_AT_ONCE = 6;

const DAYS_ASKED = 60;

const tookSchema = z.object({
  samples: z.int(),
  values: z.int(),
  requests: z.int(),
  bytes: z.int(),
  ms: z.array(z.number()),
});

interface Question {
  readonly name: string;
  readonly ids: readonly number[];
  /** whole days since 1970, half-open */
  readonly from: number;
  readonly to: number;
  readonly isBucketed: boolean;
}

/** Reads of raw samples of whole months, from month files and from day files. */
export async function benchSiteMonths(bench: Bench, folder: string): Promise<void> {
  const { coldYear: size, runs } = bench.size;
  const year = await startSiteYear(folder, size, (line) => process.stderr.write(`${line}\n`));
  bench.section = "month-reads";
  try {
    bench.connect(year.url);
    const months = wholeMonths(size);
    for (const month of months) {
      process.stderr.write(`building month ${month - months[0]! + 1} of ${months.length}\n`);
      await bench.ask(z.unknown(), "/build/month", [["month", month]]);
    }
    const still = percentile(await bench.ask(z.array(z.number()), "/time/nothing", [["runs", runs]]), 50);
    for (const question of questionsOf(size, months)) await benchQuestion(bench, question, still);
  } finally {
    await year.miniflare.dispose();
  }
}

/** The last twelve months with a file for each day. */
function wholeMonths(size: YearSize): number[] {
  const { files, kept } = daysOf(size);
  const [first, last] = [monthOf(files), monthOf(kept)];
  const all = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return all.filter((month) => monthDays(month).first >= files && monthDays(month).end <= kept).slice(-12);
}

function questionsOf({ points }: YearSize, months: readonly number[]): Question[] {
  const [first, to] = [monthDays(months[0]!).first, monthDays(months.at(-1)!).end];
  const some = Math.max(first, to - DAYS_ASKED);
  const one = [Math.ceil(points / 2)];
  const neighbours = Array.from({ length: Math.min(10, points) }, (_, i) => 1 + i);
  const all = spreadIds(points, Math.min(10, points));
  const named = (ids: readonly number[], from: number, rest: string) =>
    `${ids.length} point${ids.length === 1 ? "" : "s"} x ${to - from} days ${rest}`;
  return [
    { name: named(one, first, "raw"), ids: one, from: first, to, isBucketed: false },
    { name: named(one, first, "15min"), ids: one, from: first, to, isBucketed: true },
    { name: named(all, some, "raw, all over the site"), ids: all, from: some, to, isBucketed: false },
    { name: named(neighbours, some, "raw, neighbours"), ids: neighbours, from: some, to, isBucketed: false },
  ];
}

async function benchQuestion(
  bench: Bench,
  { name, ids, from, to, isBucketed }: Question,
  still: number,
): Promise<void> {
  const took = async (withMonths: boolean) => {
    const { ms, ...rest } = await bench.ask(tookSchema, "/months/read", [
      ["ids", ids.join()],
      ["start", dayStart(from)],
      ["end", dayStart(to)],
      ["bucketed", String(isBucketed)],
      ["months", String(withMonths)],
      ["runs", bench.size.runs],
    ]);
    return { ...rest, p50: Math.max(0, percentile(ms, 50) - still) };
  };
  const [months, days] = [await took(true), await took(false)];
  if (months.samples !== days.samples || months.values !== days.values) {
    throw new Error(`${name}: month files have ${months.samples} samples, day files ${days.samples}`);
  }
  const compare = (figure: string, of: (one: typeof months) => number) =>
    bench.compare(`${name}, whole months`, figure, [
      [OURS, of(months)],
      [DAYS, of(days)],
    ]);
  compare("R2 requests", ({ requests }) => requests);
  compare("R2 MB", ({ bytes }) => bytes / 1e6);
  compare("ms, p50", ({ p50 }) => p50);
  compare(`ms, R2 at ${R2_MODEL_MS} ms`, ({ p50, requests }) => {
    return p50 + Math.ceil(requests / REQUESTS_AT_ONCE) * R2_MODEL_MS;
  });
}
