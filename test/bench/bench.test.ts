import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BenchReport, benchReportSchema } from "./report/bench-report.ts";
import { hasRooms } from "./rooms.ts";

const RUN = fileURLToPath(new URL("run.ts", import.meta.url));

/** Each group's figures, and how many candidates each compares. */
const SYNC = { ms: 3, "ms, run again": 3, "rows written": 3, statements: 3, "bytes a sample": 3 };
const ANSWER = { "ms, p50, over HTTP": 1, "D1 round trips": 1, "D1 rows read": 1, "R2 requests": 1, "R2 KB": 1 };
const OURS = { ...ANSWER, "ms, p50": 1, "ms, p95": 1 };
const BESIDE = { ...ANSWER, "ms, p50": 2, "ms, p95": 2 };
const COLD = { ...BESIDE, "ms, R2 at 30 ms": 1, "ms, R2 at 50 ms": 1, "ms, R2 at 100 ms": 1 };
const MEMORY = { "MB of the isolate, peak": 3, "MB of answer": 3 };
const LOAD = {
  "ms, p50": 9,
  "ms, p99": 9,
  "answers/s": 9,
  "503 busy": 9,
  "other errors": 9,
  "MB resident, peak": 1,
  "CPU s of workerd": 1,
};
const MONTHS = { "R2 requests": 2, "R2 MB": 2, "ms, p50": 2, "ms, R2 at 50 ms": 2 };
const COMPARISONS: Record<string, Record<string, number>> = {
  "decode a page of 1,000 rows": { "samples/s": 2 },
  "a sync: 100 new samples of 300 given, 20 points": SYNC,
  "read 1 x 2 days, 2,880 samples": { ms: 3 },
  "read 2 x 1 days, 2,880 samples": { ms: 3 },
  "search 60 points: ahu5002 supply": { ms: 3 },
  "search 60 points: zone temp": { ms: 3 },
  "search 60 points: a": { ms: 3 },
  "filter 60 points": { ms: 2 },
  "a day file: 20 points x 1,440 samples": {
    "bytes a sample": 3,
    "CPU s of the merge": 1,
    "MB of the isolate, peak": 1,
    "MB resident when idle": 1,
    "MB more at the peak": 1,
    "MB of file": 1,
  },
  "settling a day again: 20 points x 1,440 samples": {
    "CPU s, the simulated API's too": 1,
    "MB of the isolate, peak": 1,
    "rows of the largest transaction": 1,
  },
  "a month file: 12 points x 3 days": {
    "bytes a sample": 2,
    "KB of a point's month": 2,
    "CPU s a million samples": 1,
    "CPU s of the longest part": 1,
    "CPU s of putting it in place": 1,
    "R2 requests of a part, most": 1,
    "MB of the isolate, peak": 1,
    "MB of file": 1,
  },
  "1 point x 30 days raw, whole months": MONTHS,
  "1 point x 30 days 15min, whole months": MONTHS,
  "10 points x 30 days raw, all over the site, whole months": MONTHS,
  "10 points x 30 days raw, neighbours, whole months": MONTHS,
  "space in D1": { "MB of 2 hot days, 1 of them open": 1, "MB of a year of aggregates": 1 },
  "latest of all 30 points": OURS,
  "1 point x 1 day raw, open": BESIDE,
  "10 points x 2 days raw, hot": BESIDE,
  "10 points x 2 days 5min, hot": BESIDE,
  "10 points x 1 day 5min, open": BESIDE,
  "1 point x 6 days 1hr": OURS,
  "1 point x 6 days 1day": OURS,
  "1 point x 6 days 1day, with half an hour that is not rolled up yet": OURS,
  "10 points x 6 days 1day": OURS,
  "1 point x 2 days raw, cold": COLD,
  "10 points x 2 days raw, cold, of one device": COLD,
  "10 points x 2 days raw, cold, all over the site": COLD,
  "30 points x 6 days 1hr": MEMORY,
  "30 points x 6 days 1day": MEMORY,
  "2 x 30 points x 6 days 1hr at once": MEMORY,
  "2 clients for 1 s": LOAD,
  "a month, 4,583 points, a sample a minute": {
    "million rows written, a site": 2,
    "USD above the plan, one site": 2,
    "USD above the plan, ten sites": 2,
    "USD above the plan, a hundred sites": 2,
    "USD above the plan, a thousand sites": 2,
    "GB of D1 a site, a week of an R2 outage in reserve": 1,
    "requests to the API a day for settling": 1,
  },
  ...(hasRooms ? { "a day file of 25 real rooms": { "bytes a sample": 1 } } : {}),
};

const isLinux = process.platform === "linux";
const title = isLinux
  ? "npm run bench, at a tiny size"
  : "SKIPPED, Linux alone tells a process's memory: npm run bench";

describe.skipIf(!isLinux)(title, () => {
  let folder: string;
  let printed: string;
  let report: BenchReport;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "building-vitals-smoke-"));
    const file = join(folder, "report", "bench.json");
    // rejects where it does not end with 0
    const { stdout } = await promisify(execFile)(process.execPath, [RUN, "--smoke", "--json", file]);
    printed = stdout;
    report = benchReportSchema.parse(JSON.parse(await readFile(file, "utf8")));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  // What it says at this size means nothing; that it says it all is what a change elsewhere may break.
  it.each(Object.keys(COMPARISONS))("%s: every comparison is made and printed", (group) => {
    const figures = report.figures.filter((one) => one.group === group);
    const candidates = Map.groupBy(figures, ({ figure }) => figure);
    const counts = Object.fromEntries([...candidates].map(([figure, of]) => [figure, of.length]));
    expect(counts).toMatchObject(COMPARISONS[group]!);
    const [, section = ""] = printed.split(`\n${group}\n`);
    const lines = section.split("\n\n")[0]!.split("\n");
    expect(lines).toHaveLength(figures.length);
    for (const [i, { figure, candidate }] of figures.entries()) {
      expect(lines[i]).toMatch(/^ {2}.* [\d.,e-]+ +(?:[\d.]+|Infinity|NaN)x$/);
      expect(lines[i]).toContain(figure);
      expect(lines[i]).toContain(candidate);
    }
  });

  it("says where it was measured", () => {
    const { date, machine, versions, load } = report;
    expect(Date.now() - Date.parse(date)).toBeLessThan(600_000);
    expect(machine.cores).toBeGreaterThan(0);
    expect(load.most).toBeGreaterThanOrEqual(Math.max(load.start, load.end));
    expect(Object.keys(versions)).toEqual([
      "node",
      "workerd",
      "miniflare",
      "wrangler",
      "hyparquet",
      "hyparquet-writer",
      "DuckDB",
    ]);
  });

  it("measures no group that is not looked at here", () => {
    const groups = [...new Set(report.figures.map(({ group }) => group))];
    expect(groups.sort()).toEqual(Object.keys(COMPARISONS).sort());
  });
});
