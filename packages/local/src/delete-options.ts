import { parseArgs } from "node:util";
import { z } from "zod";
import { adminToken, dayOption, parseOptions, workerOption } from "./command-options.ts";

const DEFAULT_URL = "http://127.0.0.1:8788";

export const USAGE = `Deletes samples for good, in D1, R2 and KV. May be stopped and repeated.

  npm run delete -- --site NAME --from DAY --to DAY --yes
  npm run delete -- --site NAME --point NAME --yes
  npm run delete -- --site NAME --everything --yes

  --from, --to   first and last day, YYYY-MM-DD, UTC, both included
  --point NAME   all samples of this point
  --everything   the whole site; pause it first
  --yes          delete; without it, only print what would be deleted
  --url URL      the backfill Worker (default: BACKFILL_URL, else
                 ${DEFAULT_URL})
  --token TOKEN  its ADMIN_TOKEN (default: ADMIN_TOKEN of the
                 environment, else that of npm start)

Exit codes: 0 all deleted; 1 some days are left, each with its reason;
2 nothing was deleted.`;

const optionsSchema = z
  .object({
    site: z.string({ error: "is needed" }).min(1),
    from: dayOption.optional(),
    to: dayOption.optional(),
    point: z.string().min(1).optional(),
    everything: z.boolean().default(false),
    yes: z.boolean().default(false),
    url: workerOption("backfill"),
    token: z.string().min(1),
  })
  .refine(
    ({ from, to, point, everything }) =>
      (from === undefined) === (to === undefined) &&
      [from !== undefined, point !== undefined, everything].filter(Boolean).length === 1,
    { path: ["site"], error: "needs one of --from with --to, --point, or --everything" },
  );

export interface DeleteOptions {
  /** body of the request */
  readonly body: Readonly<Record<string, string | boolean>>;
  /** the samples to delete, as text */
  readonly target: string;
  readonly yes: boolean;
  readonly url: string;
  readonly token: string;
}

/** Reads the command line; null: help was requested. @throws Error that names the fault */
export function readDeleteOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): DeleteOptions | null {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      site: { type: "string" },
      from: { type: "string" },
      to: { type: "string" },
      point: { type: "string" },
      everything: { type: "boolean" },
      yes: { type: "boolean" },
      help: { type: "boolean" },
      url: { type: "string" },
      token: { type: "string" },
    },
  });
  if (values.help === true) return null;
  const { site, from, to, point, yes, url, token } = parseOptions(optionsSchema, {
    ...values,
    url: values.url ?? environment["BACKFILL_URL"] ?? DEFAULT_URL,
    token: adminToken(values.token, environment),
  });
  const rest = { yes, url, token };
  if (from !== undefined && to !== undefined) {
    return { body: { site, start_date: from, end_date: to }, target: `${from} to ${to} of ${site}`, ...rest };
  }
  if (point !== undefined) return { body: { site, point }, target: `all samples of ${point} of ${site}`, ...rest };
  return { body: { site, everything: true }, target: `all of ${site}`, ...rest };
}
