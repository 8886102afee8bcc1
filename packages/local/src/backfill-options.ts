import { parseArgs } from "node:util";
import { z } from "zod";
import { adminToken, dayOption, parseOptions, workerOption } from "./command-options.ts";
import { HOST } from "./ports.ts";
import { DEFAULT_BACKFILL_PORT } from "./settings.ts";

const DEFAULT_URL = `http://${HOST}:${DEFAULT_BACKFILL_PORT}`;

export const USAGE = `Backfills past days of a deployment, and shows the progress.

  npm run backfill -- --from 2024-01-01 --to 2024-12-31 [options]
  npm run backfill -- --watch          watch the running backfill
  npm run backfill -- --cancel         cancel the running backfill
  npm run backfill -- --retry-failed   try failed days again

  --from, --to   first and last day, YYYY-MM-DD, UTC, both included;
                 optional with --retry-failed
  --site NAME    this site only; may be repeated (default: all)
  --force        also days that are stored already; replaces a
                 running backfill, unless --queue is given
  --queue        start after the running backfill; with --cancel:
                 also cancel queued backfills
  --watch        stay and show the progress; Ctrl-C leaves the
                 backfill running
  --plan         show requests, time, size and cost; start nothing
  --url URL      the backfill Worker (default: BACKFILL_URL, else
                 ${DEFAULT_URL})
  --token TOKEN  its ADMIN_TOKEN (default: ADMIN_TOKEN of the
                 environment, else that of npm start)

Exit codes:
  0   started, queued or cancelled; no failed day to retry;
      with --watch: all of its days are stored
  1   with --watch: days failed, or it was cancelled;
      with --cancel: no backfill was running
  2   invalid options, or the Worker refused or did not answer`;

const optionsSchema = z.object({
  from: dayOption.optional(),
  to: dayOption.optional(),
  site: z.array(z.string()).optional(),
  force: z.boolean().default(false),
  queue: z.boolean().default(false),
  cancel: z.boolean().default(false),
  "retry-failed": z.boolean().default(false),
  watch: z.boolean().default(false),
  plan: z.boolean().default(false),
  help: z.boolean().default(false),
  url: workerOption("backfill"),
  token: z.string().min(1),
});

export interface BackfillOptions extends Omit<
  z.infer<typeof optionsSchema>,
  "from" | "to" | "cancel" | "retry-failed"
> {
  readonly action: "start" | "cancel" | "retry-failed";
  /** null: `start` starts nothing, and `retry-failed` applies to all days */
  readonly range: { readonly from: string; readonly to: string } | null;
  /** the command that shows the backfill again, with the address if it is not the default */
  readonly comeBack: string;
}

/**
 * Reads the command line.
 * @throws Error that names each invalid option
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
      queue: { type: "boolean" },
      cancel: { type: "boolean" },
      "retry-failed": { type: "boolean" },
      watch: { type: "boolean" },
      plan: { type: "boolean" },
      help: { type: "boolean" },
      url: { type: "string" },
      token: { type: "string" },
    },
  });
  const {
    from,
    to,
    cancel,
    "retry-failed": retryFailed,
    ...rest
  } = parseOptions(optionsSchema, {
    ...values,
    url: values.url ?? environment["BACKFILL_URL"] ?? DEFAULT_URL,
    token: adminToken(values.token, environment),
  });
  if ((from === undefined) !== (to === undefined)) throw new Error("Give both --from and --to.");
  const action = cancel ? "cancel" : retryFailed ? "retry-failed" : "start";
  const notWith = (names: readonly (keyof typeof values)[]) => {
    const name = names.find((option) => values[option] !== undefined);
    if (name !== undefined) throw new Error(`--${action} takes no --${name}.`);
  };
  if (action === "cancel") notWith(["retry-failed", "from", "site", "force", "watch", "plan"]);
  if (action === "retry-failed") notWith(["force", "queue", "plan"]);
  return {
    ...rest,
    action,
    range: from === undefined || to === undefined ? null : { from, to },
    comeBack: `npm run backfill -- --watch${rest.url === DEFAULT_URL ? "" : ` --url ${rest.url}`}`,
  };
}
