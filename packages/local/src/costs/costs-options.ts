import { parseArgs } from "node:util";
import { z } from "zod";
import { parseOptions } from "../command-options.ts";
import type { Deployment } from "./deployment.ts";

export const USAGE = `What a deployment costs a month above Cloudflare's plan of $5, by what was
counted of each job and query, beside layouts that were not taken.

  npm run costs -- --points 4583 --interval 60 --sites 1 --queries 100000

  --points N        points of a site (default 4583)
  --interval S      seconds between two samples of a point (default 60)
  --sites N         sites, all alike, in one account (default 1)
  --queries N       questions to the query Worker a month (default 100000)
  --days-young N    days whose samples are in D1: today, and those that
                    are not settled yet (default 2)
  --years N         years of history that are stored (default 1)
  --sync-minutes N  minutes between two syncs (default 5; another takes
                    another cron, docs/costs.md)
  --no-month-files  as if no site kept month files (docs/scale.md)
  --explain         where each line of the bill comes from
  --json            as JSON
  --measure         count it all anew, in some minutes, on Linux, and
                    write packages/local/src/costs/measured.json

It ends with 0, or with 2 when it could not be asked for.`;

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
  "days-young": whole(2, 1, 366),
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
 * @throws {Error} that says what is wrong with it
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
      "days-young": { type: "string" },
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
  const { "days-young": daysYoung, "sync-minutes": syncMinutes, points, interval, sites, queries, years } = parsed;
  const { explain, json, measure, help } = parsed;
  const monthFiles = !parsed["no-month-files"];
  const deployment = { points, interval, sites, queries, daysYoung, years, syncMinutes, monthFiles };
  return { deployment, explain, json, measure, help };
}
