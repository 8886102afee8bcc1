import { parseArgs } from "node:util";
import { z } from "zod";
import { adminToken, parseOptions, workerOption } from "../command-options.ts";

const DEFAULT_URL = "http://127.0.0.1:8787";

export const USAGE = `Brings samples of an earlier system into a deployment.

  npm run import -- --from old/ --to https://etl.example.com

  --from PATH    a file, or a folder of files; may be repeated. Read are
                 NDJSON (.ndjson, .jsonl), CSV with a first line of
                 names (both also .gz), Parquet (.parquet), and the
                 table timeseries_raw of SQLite (.sqlite, .db). Each has
                 site_name, point_name, timestamp and value. Where two
                 have another value for one time, the later one counts
  --to URL       the etl Worker (default: ETL_URL, else
                 ${DEFAULT_URL})
  --check        read all and say what is in it; send nothing
  --token TOKEN  its ADMIN_TOKEN (default: ADMIN_TOKEN of the
                 environment, else that of npm start)

Stored samples always stay: a sample is added only where none exists.
Ctrl-C is safe, and the same command goes on where it stopped. It takes
about 25 bytes a sample in .local/import while it runs.

It ends with 0 when every record is stored; with 1 when some are not
(dropped records are named by file and line, ten a file, and counted by
reason); with 2 when the command line is wrong.`;

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
