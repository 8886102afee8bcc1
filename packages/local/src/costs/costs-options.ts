import { parseArgs } from "node:util";
import { z } from "zod";
import { parseOptions } from "../command-options.ts";
import type { Deployment } from "./deployment.ts";

export const USAGE = `Estimates a month's bill above Cloudflare's plan of $5 from the measured counts
of each job and query, and compares it with other layouts.

  npm run costs -- --points 4583 --interval 60 --sites 1 --queries 100000

  --points N        points of a site (default 4583)
  --interval S      seconds between two samples of a point (default 60)
  --sites N         sites, all alike, in one account (default 1)
  --queries N       queries to the query Worker a month (default 100000)
  --segment-days N  days whose samples are in segments: today, and days that
                    are not settled yet (default 2)
  --years N         years of stored history (default 1)
  --sync-minutes N  minutes between two syncs (default 5; another number needs
                    another cron, docs/costs.md)
  --no-month-files  no site keeps month files (docs/scale.md)
  --explain         show the jobs and queries behind each line of the bill
  --json            print JSON
  --measure         count everything again, in some minutes, on Linux, and
                    write packages/local/src/costs/measured.json

Exit codes: 0, or 2 for invalid options.`;

function whole(preset: number, min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .default(String(preset))
    .refine((text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max, { error })
    .transform(Number);
}

const optionsSchema = z.object({
  points: whole(4_583, 1, 1_000_000),
  interval: whole(60, 1, 3_600),
  sites: whole(1, 1, 100_000),
  queries: whole(100_000, 0, 10_000_000_000),
  "segment-days": whole(2, 1, 366),
  years: z
    .string()
    .default("1")
    .refine((text) => /^\d+(?:\.\d+)?$/.test(text) && Number(text) <= 100, { error: "must be a number from 0 to 100" })
    .transform(Number),
  "sync-minutes": whole(5, 1, 60),
  "no-month-files": z.boolean().default(false),
  explain: z.boolean().default(false),
  json: z.boolean().default(false),
  measure: z.boolean().default(false),
  help: z.boolean().default(false),
});

export interface CostsOptions {
  readonly deployment: Deployment;
  readonly explain: boolean;
  readonly json: boolean;
  readonly measure: boolean;
  readonly help: boolean;
}

/**
 * Reads the command line.
 * @throws {Error} naming the invalid options
 */
export function readCostsOptions(args: readonly string[]): CostsOptions {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      points: { type: "string" },
      interval: { type: "string" },
      sites: { type: "string" },
      queries: { type: "string" },
      "segment-days": { type: "string" },
      years: { type: "string" },
      "sync-minutes": { type: "string" },
      "no-month-files": { type: "boolean" },
      explain: { type: "boolean" },
      json: { type: "boolean" },
      measure: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  const parsed = parseOptions(optionsSchema, values);
  const { "segment-days": segmentDays, "sync-minutes": syncMinutes, points, interval, sites, queries, years } = parsed;
  const { explain, json, measure, help } = parsed;
  const monthFiles = !parsed["no-month-files"];
  const deployment = { points, interval, sites, queries, segmentDays, years, syncMinutes, monthFiles };
  return { deployment, explain, json, measure, help };
}
