import type { Deployment } from "@building-vitals/local/costs/deployment";
import { readMeasured } from "@building-vitals/local/costs/measured";
import { costReport } from "@building-vitals/local/costs/report";
import type { Bench } from "./bench.ts";

const SITE: Deployment = {
  points: 4_583,
  interval: 60,
  sites: 1,
  queries: 100_000,
  segmentDays: 2,
  years: 1,
  syncMinutes: 5,
  monthFiles: true,
};

const OURS = "this project";
const ROWS = "row a sample, integer keys";

/** What a month of healthy sites takes, as `npm run costs` works it out. */
export async function benchMonth(bench: Bench): Promise<void> {
  const measured = await readMeasured();
  const report = (sites: number) => costReport({ ...SITE, sites }, measured);
  const one = report(1);
  const rowsLayout = (of: ReturnType<typeof report>) => {
    const found = of.layouts.find(({ name }) => name === ROWS);
    if (found === undefined) throw new Error(`npm run costs has no layout "${ROWS}"`);
    return found;
  };
  const rowsWritten = ({ lines }: typeof one.bill) =>
    lines.find(({ line }) => line === "rowsWritten")?.used ?? Number.NaN;
  const group = `a month, ${SITE.points.toLocaleString("en")} points, a sample a minute`;
  bench.compare(group, "million rows written, a site", [
    [OURS, rowsWritten(one.bill)],
    [ROWS, rowsWritten(rowsLayout(one).bill)],
  ]);
  for (const [sites, words] of [
    [1, "one site"],
    [10, "ten sites"],
    [100, "a hundred sites"],
    [1_000, "a thousand sites"],
  ] as const) {
    const of = report(sites);
    bench.compare(group, `USD above the plan, ${words}`, [
      [OURS, of.bill.total],
      [ROWS, rowsLayout(of).bill.total],
    ]);
  }
  bench.compare(group, "GB of D1 a site, a week of an R2 outage in reserve", [[OURS, one.reserveBytes / 1e9]]);
  const settlings =
    one.parts.find(({ name }) => name === "settledDay")!.runs +
    one.parts.find(({ name }) => name === "settledAgain")!.runs;
  // the pages of a day, and the list of points before them
  const requests = one.backfill.counts.apiCalls / DAYS_PER_YEAR + 1;
  bench.compare(group, "requests to the API a day for settling", [[OURS, (settlings / DAYS_PER_MONTH) * requests]]);
}

const DAYS_PER_MONTH = 30;
const DAYS_PER_YEAR = 365;
