import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { termsSchema } from "./terms.ts";

/** Where the measured counts are kept; `npm run costs -- --measure` writes them anew. */
export const MEASURED_FILE = fileURLToPath(new URL("measured.json", import.meta.url));

/**
 * What recurs, by points of the site. `sync` and `supervise` run every five minutes, `hour` and `dailyCron` as their crons say.
 * Once a day come on top: `settledDay`, and `settledAgain`, which finds nothing new; `lastSeen`, to the sync that moves the points'
 * last_seen; `dayEnd` and `afterSettling`, to the hourly run behind a day's end and behind its settling. A backfilled day is one of a job of four days, with its share of the rest.
 */
export const JOB_NAMES = [
  "sync",
  "lastSeen",
  "supervise",
  "hour",
  "dayEnd",
  "dailyCron",
  "settledDay",
  "settledAgain",
  "afterSettling",
  "backfilledDay",
] as const;
export type JobName = (typeof JOB_NAMES)[number];

/** Questions to the query Worker, by points and days asked for; of the last four, points are all of the site. */
export const QUERY_NAMES = ["hotRaw", "coldRaw", "daily", "latest", "pointSearch", "coverage", "quality"] as const;
export type QueryName = (typeof QUERY_NAMES)[number];

/**
 * What builds a month, by points of the site and days of the month that have files: its file with its packed aggregates, or, where the
 * site keeps no month files, these alone.
 */
export const MONTH_JOB_NAMES = ["builtMonth", "packedMonth"] as const;
export type MonthJobName = (typeof MONTH_JOB_NAMES)[number];

/** Questions whose days are all of one month that is built. */
export const MONTH_QUERY_NAMES = ["coldRaw", "daily"] as const;
export type MonthQueryName = (typeof MONTH_QUERY_NAMES)[number];

const measuredSchema = z.object({
  /** how these were made, and of what */
  command: z.string(),
  date: z.iso.date(),
  versions: z.object({ node: z.string(), miniflare: z.string(), migration: z.string() }),
  /** points of the sites that were measured, at a sample a minute */
  points: z.array(z.int()),
  bytes: z.object({
    d1PerSample: z.number(),
    /** aggregates and quality; packed: of days of a month that is built */
    d1PerPointDay: z.number(),
    d1PerPackedPointDay: z.number(),
    /** of a day file, and of a month file */
    r2PerSample: z.number(),
    r2MonthPerSample: z.number(),
  }),
  jobs: z.record(z.enum(JOB_NAMES), termsSchema),
  queries: z.record(z.enum(QUERY_NAMES), termsSchema),
  months: z.object({
    jobs: z.record(z.enum(MONTH_JOB_NAMES), termsSchema),
    queries: z.record(z.enum(MONTH_QUERY_NAMES), termsSchema),
  }),
});
export type Measured = z.infer<typeof measuredSchema>;

/** @throws {Error} where the file is not what this version reads */
export async function readMeasured(file: string = MEASURED_FILE): Promise<Measured> {
  return measuredSchema.parse(JSON.parse(await readFile(file, "utf8")));
}
