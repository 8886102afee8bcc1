import type { Section } from "../bench.ts";
import { RUNS as MEMORY_RUNS } from "../memory.ts";
import type { BenchReport } from "./bench-report.ts";

/** What a reader must know to trust a section's figures. */
export interface SectionWords {
  readonly title: string;
  /** what is measured, and on what */
  readonly what: string;
  /** which statistic of how many runs */
  readonly statistic: string;
  /** what it is compared with */
  readonly baseline: string;
}

export function sectionWords(section: Section, { decodes, runs }: BenchReport["size"]): SectionWords {
  switch (section) {
    case "decode":
      return {
        title: "Decoding a page of the API",
        what: "A page of JSON as the ACE API gives it becomes columns of checked samples, in workerd, on one core. More is better.",
        statistic: `Median of 5 measurements; each decodes the page ${decodes} times.`,
        baseline: "`JSON.parse` of the same page, which checks nothing and makes no columns.",
      };
    case "sync":
      return {
        title: "Storing what a sync brings",
        what:
          "Every five minutes a sync asks for fifteen minutes of every point: two thirds of what it is given is stored " +
          "already. The rows written are what D1 bills.",
        statistic:
          "Median of 8 syncs, one after the other; “run again” is each of them a second time, when nothing is new.",
        baseline: "A row a sample in the same D1, under integer keys, and under the names as text.",
      };
    case "reads":
      return {
        title: "Reading the hot level",
        what: "Samples of D1 become columns, without the query Worker around it.",
        statistic: "Median of 9 runs.",
        baseline: "A row a sample in the same D1, under integer keys, and under the names as text.",
      };
    case "day-file":
      return {
        title: "A day file",
        what:
          "A day of every point, a sample a minute, of the simulator's invented building (half of the bytes are noise of " +
          "single precision, which nothing compresses): merged of what a backfill has spilled to R2, written, read back " +
          "and verified, in workerd. The isolate's memory is by V8's own account; resident memory is the whole process's, " +
          "with the local D1 and R2 in it.",
        statistic: "One run in a workerd that has done nothing before.",
        baseline:
          "The same rows written by DuckDB: sorted by point and time with zstd, and in time order with 10,000-row groups " +
          "and Snappy, as the system before this one wrote them.",
      };
    case "month-file":
      return {
        title: "A month file",
        what:
          "A month of a sample a minute, merged of its day files part by part, read back and compared, in workerd. All points of a " +
          "scrape share its time, which jitters by 200 ms. A read of one point fetches its month in one request.",
        statistic: "One run in a workerd that has done nothing before.",
        baseline: "The day files that it is made of.",
      };
    case "month-reads":
      return {
        title: "Raw samples of months",
        what:
          "Samples of whole months in R2, planned, read, checked and merged as a query does, without the answer being written. Of a site of " +
          "120 points: what is read of a point does not depend on how many others there are. Times jitter by 200 ms.",
        statistic: `p50 of ${runs} runs, timed inside workerd, less what a run of nothing takes.`,
        baseline: "The same questions, read from the files of the days.",
      };
    case "site-year":
      return {
        title: "Questions to a year of a site",
        what:
          "Whole answers of the query Worker, to the last byte of JSON, without any cache. Each answer is checked to hold " +
          "every sample before it is timed. An open day is in segments. Hot days are in D1: open days, and days whose row groups " +
          "D1 keeps. Cold days are in day files in R2. Charts of a year are made of hourly aggregates in D1.",
        statistic:
          `p50 and p95 of ${runs} runs, timed inside workerd, less what a run of nothing takes. “Over HTTP” is the p50 of ` +
          `${Math.ceil(runs / 5)} of the same answers as a client outside sees them. DuckDB: 3 to ${runs} runs, 10 s at most.`,
        baseline:
          "For hot ranges a row a sample in D1, asked in SQL, without an answer being made of it. For cold ranges DuckDB, " +
          "with a thread a core, on the same files on disk.",
      };
    case "memory":
      return {
        title: "Memory of the largest charts of a year",
        what:
          "What the query Worker's isolate holds while it answers, by V8's own account, garbage that is not collected yet " +
          "included: what the platform's 128 MB are counted of. 100 points are as many as one question may have.",
        statistic: `The most of ${MEMORY_RUNS} runs one after the other, looked at every 10 ms, after a collection of garbage.`,
        baseline: "The same answer as JSON.",
      };
    case "month":
      return {
        title: "What a month takes",
        what:
          "Worked out by `npm run costs` of what each job and question was counted to take (docs/costs.md), for healthy sites " +
          "with a year of history and 100,000 questions in all.",
        statistic: "A model of counts; nothing is timed.",
        baseline: "A row a sample in D1, under integer keys.",
      };
    case "load":
      return {
        title: "Many clients at once",
        what:
          "Clients ask the query Worker a seeded mix of questions over HTTP, each its next one when it has its answer, without " +
          "any cache. One isolate answers them all. A client that gets 503 `busy` waits as long as `retry-after` says. The " +
          "resident memory is that of the whole process, with the local D1 and R2 in it.",
        statistic:
          "Percentiles of the answers with status 200, to their last byte. Each number of clients starts a new workerd.",
        baseline: "All questions of the mix together.",
      };
  }
}
