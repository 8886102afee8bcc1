import { parseArgs } from "node:util";
import { z } from "zod";
import { adminToken, parseOptions, workerOption } from "../command-options.ts";

const DEFAULT_URL = "http://127.0.0.1:8787";

export const USAGE = `Imports samples of an earlier system into a deployment.

  npm run import -- --from old/ --to https://etl.example.com

  --from PATH    a file, or a folder of files; may be repeated. Formats:
                 NDJSON (.ndjson, .jsonl), CSV with a header line
                 (both also .gz), Parquet (.parquet), and the table
                 timeseries_raw of SQLite (.sqlite, .db). Columns:
                 site_name, point_name, timestamp, value. Of two
                 values at one point and time, the later read counts
  --to URL       the etl Worker (default: ETL_URL, else
                 ${DEFAULT_URL})
  --check        read all files and count; send nothing
  --token TOKEN  its ADMIN_TOKEN (default: ADMIN_TOKEN of the
                 environment, else that of npm start)

Stored samples always stay: a sample is added only where none exists.
Ctrl-C is safe: the same command continues where it stopped. While it
runs, it needs about 25 bytes per sample in .local/import.

Exit codes: 0 every record is stored; 1 some are not (the first ten
dropped records of a file are named by line, all are counted by
reason); 2 the command line is invalid.`;

const optionsSchema = z.object({
  from: z.array(z.string()).min(1),
  check: z.boolean().default(false),
  to: workerOption("etl"),
  token: z.string().min(1),
});
export type ImportOptions = z.infer<typeof optionsSchema>;

/**
 * Reads the command line.
 * @returns null: help was requested
 * @throws Error that names each invalid option
 */
export function readImportOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ImportOptions | null {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      from: { type: "string", multiple: true },
      to: { type: "string" },
      check: { type: "boolean" },
      token: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return null;
  if (values.from === undefined) throw new Error("Give --from: the files to import. --help says more.");
  return parseOptions(optionsSchema, {
    ...values,
    to: values.to ?? environment["ETL_URL"] ?? DEFAULT_URL,
    token: adminToken(values.token, environment),
  });
}
