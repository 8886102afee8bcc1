import type { Section } from "../bench.ts";
import { RUNS as MEMORY_RUNS } from "../memory.ts";
import type { BenchReport } from "./bench-report.ts";

/** How a section's figures were measured. */
export interface SectionDescription {
  readonly title: string;
  /** what was measured, and on which data */
  readonly subject: string;
  /** the statistic, and of how many runs */
  readonly statistic: string;
  /** what the figures are compared with */
  readonly baseline: string;
}

export function describeSection(section: Section, { decodes, runs }: BenchReport["size"]): SectionDescription {
  switch (section) {
    case "decode":
      return {
        title: "Decoding a page of the API",
        subject:
          "Decodes a page of JSON of the ACE API to columns of checked samples, in workerd on one core. More is better.",
        statistic: `Median of 5 measurements. Each decodes the page ${decodes} times.`,
        baseline: "`JSON.parse` of the same page, without checks and columns.",
      };
    case "sync":
      return {
        title: "Storing the samples of a sync",
        subject:
          "A sync every five minutes requests fifteen minutes of every point. Two thirds of these samples are stored already. " +
          "D1 bills the rows written.",
        statistic: "Median of 8 consecutive syncs. “Run again” repeats each of them without new samples.",
        baseline: "A row per sample in the same D1, with integer keys and with names as text.",
      };
    case "reads":
      return {
        title: "Reading the hot level",
        subject: "Reads samples of D1 into columns, without the query Worker.",
        statistic: "Median of 9 runs.",
        baseline: "A row per sample in the same D1, with integer keys and with names as text.",
      };
    case "finding":
      return {
        title: "Finding points",
        subject: "Searches and filters the points of a site in D1, and reads a page of 100 of them.",
        statistic: "Median of 9 measurements of 10 runs each.",
        baseline:
          "The same index read anew, as after a change of the catalogue, and a scan of the points in SQL, which finds the words side by side only.",
      };
    case "day-file":
      return {
        title: "Building a day file",
        subject:
          "Merges the spills of a backfill in R2, writes the file, reads it back and verifies it, in workerd. The day has every point " +
          "of the simulator's building, a sample a minute; half of the bytes are incompressible single-precision noise. V8 counts " +
          "the isolate's memory. Resident memory is the whole process, with local D1 and R2.",
        statistic: "One run in a new workerd.",
        baseline:
          "The same rows written by DuckDB: sorted by point and time with zstd; and in time order with 10,000-row groups " +
          "and Snappy, as the predecessor wrote them.",
      };
    case "month-file":
      return {
        title: "Building a month file",
        subject:
          "Merges a month of day files (a sample a minute) part by part, reads the result back and compares it, in workerd. All points of a " +
          "scrape share its time, with jitter of 200 ms. A read of one point fetches its month in one request.",
        statistic: "One run in a new workerd.",
        baseline: "The day files of the month.",
      };
    case "month-reads":
      return {
        title: "Raw samples of whole months",
        subject:
          "Plans, reads, checks and merges samples of whole months in R2 as a query does, without writing the answer. The site has " +
          "120 points; the number of other points does not change the reads of a point. Times have jitter of 200 ms.",
        statistic: `p50 of ${runs} runs, timed inside workerd, less the time of an empty run.`,
        baseline: "The same queries, read from day files.",
      };
    case "site-year":
      return {
        title: "Queries of a site's year",
        subject:
          "Whole JSON answers of the query Worker, without any cache. A check before timing ensures that each answer has every sample. " +
          "Open days are in segments. Hot days are in D1: open days, and days with kept row groups. Cold days are in day files in R2. " +
          "Charts of a year use hourly aggregates in D1.",
        statistic:
          `p50 and p95 of ${runs} runs, timed inside workerd, less the time of an empty run. “Over HTTP” is the p50 of ` +
          `${Math.ceil(runs / 5)} of the same answers at a client. DuckDB: 3 to ${runs} runs, at most 10 s.`,
        baseline:
          "Hot ranges: SQL over a row per sample in D1, without making an answer. Cold ranges: DuckDB with one thread per core, " +
          "on the same files on disk.",
      };
    case "memory":
      return {
        title: "Memory of the largest charts of a year",
        subject:
          "Memory of the query Worker's isolate during an answer, as V8 counts it, with uncollected garbage. The platform's limit is " +
          "128 MB. A query may have at most 100 points.",
        statistic: `Maximum of ${MEMORY_RUNS} consecutive runs, sampled every 10 ms, each after a garbage collection.`,
        baseline: "The same answer as JSON.",
      };
    case "month":
      return {
        title: "Cost of a month",
        subject:
          "`npm run costs` computes it from the counted operations of each job and query (docs/costs.md), for healthy sites " +
          "with a year of history and 100,000 queries in all.",
        statistic: "A model of counts; nothing is timed.",
        baseline: "A row per sample in D1, with integer keys.",
      };
    case "load":
      return {
        title: "Many clients at once",
        subject:
          "Clients send a seeded mix of queries to the query Worker over HTTP, without any cache. Each client sends its next query after an " +
          "answer. One isolate answers all. After 503 `busy` a client waits as long as `retry-after` says. Resident memory is the whole " +
          "process, with local D1 and R2.",
        statistic:
          "Percentiles of the answers with status 200, up to their last byte. Each number of clients starts a new workerd.",
        baseline: "All queries of the mix together.",
      };
  }
}
