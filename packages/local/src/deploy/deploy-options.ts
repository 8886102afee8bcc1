import { parseArgs } from "node:util";
import { z } from "zod";
import { parseOptions } from "../command-options.ts";

const ENVIRONMENTS = ["staging", "production"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

export const USAGE = `Deploys the three Workers and their storage to Cloudflare.

  npm run deploy -- --env staging              or production
  npm run deploy -- --env staging --dry-run    show the plan only

  --env NAME     staging or production
  --dry-run      read the account, show the plan, change nothing
  --yes          allow steps that cannot simply be undone: migrating a
                 database that holds data, replacing a lifecycle rule;
                 without it the command asks on a terminal
  --wait SECONDS how long a Worker's /health may take to show the new
                 version (default 90)
  --location HINT
                 place of a new database and bucket: wnam, enam, weur,
                 eeur, apac or oc; default: Cloudflare chooses

It creates missing parts: the D1 database, the R2 bucket with its rule
for staging/, the KV namespace. It deletes nothing. It takes no secret:
it prints the commands that set the missing ones, and stops.

It uses wrangler's login: \`npx wrangler login\`, or CLOUDFLARE_API_TOKEN.
With several accounts, CLOUDFLARE_ACCOUNT_ID chooses one.

Exit codes: 0 all three Workers are healthy; 1 it stopped, after it
printed the next step; 2 the command line is invalid.`;

/** Location hints that D1 and R2 share. */
const LOCATIONS = ["wnam", "enam", "weur", "eeur", "apac", "oc"] as const;

const optionsSchema = z.object({
  env: z.enum(ENVIRONMENTS, {
    error: ({ input }) =>
      // npm takes an option that does not follow --
      input === undefined
        ? "is missing: npm run deploy -- --env staging (or production)"
        : `found ${JSON.stringify(input)}, expected ${ENVIRONMENTS.join(" or ")}`,
  }),
  yes: z.boolean().default(false),
  "dry-run": z.boolean().default(false),
  wait: z.coerce
    .number({ error: "expected a number of seconds" })
    .min(0, "expected at least 0 seconds")
    .max(3_600, "expected at most 3600 seconds")
    .default(90),
  location: z
    .enum(LOCATIONS, { error: ({ input }) => `found ${JSON.stringify(input)}, expected ${LOCATIONS.join(", ")}` })
    .optional(),
});

export interface DeployOptions {
  readonly environment: Environment;
  /** allows steps that cannot simply be undone */
  readonly yes: boolean;
  readonly dryRun: boolean;
  /** longest wait for a healthy answer of a Worker, ms */
  readonly waitMs: number;
  /** location hint of a new database and bucket; null: Cloudflare chooses */
  readonly location: string | null;
}

/**
 * Reads the command line.
 * @returns null: help was requested
 * @throws Error that names each invalid option
 */
export function readDeployOptions(args: readonly string[]): DeployOptions | null {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      env: { type: "string" },
      yes: { type: "boolean" },
      "dry-run": { type: "boolean" },
      wait: { type: "string" },
      location: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return null;
  const { env: environment, yes, "dry-run": dryRun, wait, location = null } = parseOptions(optionsSchema, values);
  return { environment, yes, dryRun, waitMs: wait * 1_000, location };
}
