import { parseArgs } from "node:util";
import { z } from "zod";
import { adminToken, dayOption, parseOptions, workerOption } from "./command-options.ts";
import { HOST } from "./ports.ts";
import { DEFAULT_BACKFILL_PORT } from "./settings.ts";

const DEFAULT_URL = `http://${HOST}:${DEFAULT_BACKFILL_PORT}`;

export const USAGE = `Backfills past days of a deployment, and shows how it goes.

  npm run backfill -- --from 2024-01-01 --to 2024-12-31 [options]
  npm run backfill -- --watch       look at the one that runs

  --from, --to   first and last day, YYYY-MM-DD, UTC, both included
  --site NAME    this site only; may be repeated (default: all)
  --force        days that are there already, too
  --watch        stay and show the progress; Ctrl-C leaves the
                 backfill running
  --plan         say what it would take, and start nothing
  --url URL      the backfill Worker (default: BACKFILL_URL, else
                 ${DEFAULT_URL})
  --token TOKEN  its ADMIN_TOKEN (default: ADMIN_TOKEN of the
                 environment, else that of npm start)

It ends with 0 when the backfill was started, or, with --watch, when
all of its days are there; with 1 when some failed or it was cancelled;
with 2 when it could not be asked for.`;

const optionsSchema = z.object({
  from: dayOption.optional(),
  to: dayOption.optional(),
  site: z.array(z.string()).optional(),
  force: z.boolean().default(false),
  watch: z.boolean().default(false),
  plan: z.boolean().default(false),
  help: z.boolean().default(false),
  url: workerOption("backfill"),
  token: z.string().min(1),
});

export interface BackfillOptions extends Omit<z.infer<typeof optionsSchema>, "from" | "to"> {
  /** null: none is to be started */
  readonly range: { readonly from: string; readonly to: string } | null;
  /** how to look at the backfill again: the command, with the address where it is not the usual one */
  readonly comeBack: string;
}

/**
 * Reads the command line.
 * @throws Error that says what is wrong with it
 */
export function readBackfillOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): BackfillOptions {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      from: { type: "string" },
      to: { type: "string" },
      site: { type: "string", multiple: true },
      force: { type: "boolean" },
      watch: { type: "boolean" },
      plan: { type: "boolean" },
      help: { type: "boolean" },
      url: { type: "string" },
      token: { type: "string" },
    },
  });
  const { from, to, ...rest } = parseOptions(optionsSchema, {
    ...values,
    url: values.url ?? environment["BACKFILL_URL"] ?? DEFAULT_URL,
    token: adminToken(values.token, environment),
  });
  if ((from === undefined) !== (to === undefined)) throw new Error("Give both --from and --to.");
  return {
    ...rest,
    range: from === undefined || to === undefined ? null : { from, to },
    comeBack: `npm run backfill -- --watch${rest.url === DEFAULT_URL ? "" : ` --url ${rest.url}`}`,
  };
}
