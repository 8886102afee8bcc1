import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { termsSchema } from "./terms.ts";

/** The measured counts; `npm run costs -- --measure` writes them. */
export const MEASURED_FILE = fileURLToPath(new URL("measured.json", import.meta.url));

/**
 * Jobs of a site.
 * - `sync`, `supervise`: every five minutes. `hour`, `dailyCron`: by their crons.
 * - `settledDay`: settles a day. `settledAgain`: settles it again and finds nothing new.
 * - `lastSeen`: added once a day to the sync that moves the points' `last_seen`. `dayEnd`: added to the hourly run after a day's end.
 * - `backfilledDay`: a day of a backfill of four days, with its share of the rest.
 * - `builtMonth`: builds a month file and packs its aggregates, by days that have files. `packedMonth`: only packs.
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
  "backfilledDay",
  "builtMonth",
  "packedMonth",
] as const;
export type JobName = (typeof JOB_NAMES)[number];

/**
 * Queries, by points and days. `coldRaw` reads day files, `monthRaw` a month file, `daily` the packed aggregates of a
 * month. The last four depend on all points of the site.
 */
export const QUERY_NAMES = [
  "hotRaw",
  "coldRaw",
  "monthRaw",
  "daily",
  "latest",
  "pointSearch",
  "coverage",
  "quality",
] as const;
export type QueryName = (typeof QUERY_NAMES)[number];

const measuredSchema = z.object({
  /** the command that wrote the file */
  command: z.string(),
  date: z.iso.date(),
  versions: z.object({ node: z.string(), miniflare: z.string(), migration: z.string() }),
  /** points of the measured sites, with a sample a minute */
  points: z.array(z.int()),
  bytes: z.object({
    d1PerSample: z.number(),
    /** aggregates and quality; packed: of days of a built month */
    d1PerPointDay: z.number(),
    d1PerPackedPointDay: z.number(),
    /** of a day file, and of a month file */
    r2PerSample: z.number(),
    r2MonthPerSample: z.number(),
  }),
  jobs: z.record(z.enum(JOB_NAMES), termsSchema),
  queries: z.record(z.enum(QUERY_NAMES), termsSchema),
});
export type Measured = z.infer<typeof measuredSchema>;

/** @throws {z.ZodError} if the file does not match the schema */
export async function readMeasured(file: string = MEASURED_FILE): Promise<Measured> {
  return measuredSchema.parse(JSON.parse(await readFile(file, "utf8")));
}
