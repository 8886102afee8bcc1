import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { termsSchema } from "./terms.ts";

/** Where the measured counts are kept; `npm run costs -- --measure` writes them anew. */
export const MEASURED_FILE = fileURLToPath(new URL("measured.json", import.meta.url));

/**
 * What recurs, by points of the site. `sync` and `supervise` run every five minutes, `hour` and `dailyCron` as their crons say.
 * Once a day come on top: `settledDay`, and `settledAgain`, which finds nothing new; `lastSeen`, to the sync that moves the points'
 * last_seen; `dayEnd` and `afterSettling`, to the hourly run behind a day's end and behind its settling. A backfilled day is one of a job of two days, with its share of the rest.
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

const measuredSchema = z.object({
  /** how these were made, and of what */
  command: z.string(),
  date: z.iso.date(),
  versions: z.object({ node: z.string(), miniflare: z.string(), migration: z.string() }),
  /** points of the sites that were measured, at a sample a minute */
  points: z.array(z.int()),
  bytes: z.object({ d1PerSample: z.number(), d1PerPointDay: z.number(), r2PerSample: z.number() }),
  jobs: z.record(z.enum(JOB_NAMES), termsSchema),
  queries: z.record(z.enum(QUERY_NAMES), termsSchema),
});
export type Measured = z.infer<typeof measuredSchema>;

/** @throws {Error} where the file is not what this version reads */
export async function readMeasured(file: string = MEASURED_FILE): Promise<Measured> {
  return measuredSchema.parse(JSON.parse(await readFile(file, "utf8")));
}
