import { parseArgs } from "node:util";
import { z } from "zod";
import { adminToken, dayOption, parseOptions, workerOption } from "./command-options.ts";

const DEFAULT_URL = "http://127.0.0.1:8787";

export const USAGE = `Compares D1's manifest with the day files in R2, and rebuilds it from
them where it differs: after D1 was lost, or restored to an earlier
time. R2 is only read. May be stopped and repeated.

  npm run rebuild -- [options]

  --site NAME    this site only (default: all)
  --from, --to   first and last day, YYYY-MM-DD, UTC, both included
                 (default: all days)
  --dry-run      print the differences, and write nothing
  --url URL      the etl Worker (default: ETL_URL, else
                 ${DEFAULT_URL})
  --token TOKEN  its ADMIN_TOKEN (default: ADMIN_TOKEN of the
                 environment, else that of npm start)

Exit codes: 0 D1 knows every day file (with --dry-run: or would);
1 some files are damaged, missing or unreadable; 2 invalid options, or
the Worker refused or did not answer.`;

const optionsSchema = z.object({
  site: z.string().min(1).optional(),
  from: dayOption.optional(),
  to: dayOption.optional(),
  "dry-run": z.boolean().default(false),
  help: z.boolean().default(false),
  url: workerOption("etl"),
  token: z.string().min(1),
});

export interface RebuildOptions {
  /** body of the request */
  readonly body: { readonly site?: string; readonly from?: string; readonly to?: string; readonly dry_run: boolean };
  readonly help: boolean;
  /** without a trailing slash */
  readonly url: string;
  readonly token: string;
}

/**
 * Reads the command line.
 * @throws Error that names the fault
 */
export function readRebuildOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): RebuildOptions {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      site: { type: "string" },
      from: { type: "string" },
      to: { type: "string" },
      "dry-run": { type: "boolean" },
      help: { type: "boolean" },
      url: { type: "string" },
      token: { type: "string" },
    },
  });
  const {
    site,
    from,
    to,
    "dry-run": dryRun,
    help,
    url,
    token,
  } = parseOptions(optionsSchema, {
    ...values,
    url: values.url ?? environment["ETL_URL"] ?? DEFAULT_URL,
    token: adminToken(values.token, environment),
  });
  return {
    body: {
      ...(site === undefined ? {} : { site }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      dry_run: dryRun,
    },
    help,
    url,
    token,
  };
}
