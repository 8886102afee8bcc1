import { parseArgs } from "node:util";
import { DAY_MS } from "@building-vitals/core/domain/day";
import { headerSecret } from "@building-vitals/core/http/secret-settings";
import { z } from "zod";
import { dayOption, parseOptions, workerOption } from "../command-options.ts";
import type { DateRange } from "./deployed-state.ts";

/** Days read from a deployment without --from. */
const DEFAULT_DAYS = 7;

export const USAGE = `Runs SQL in DuckDB over stored samples, hot and settled: of a local
run, or of a deployment (--url). Nothing is changed.

  npm run sql -- "SELECT … FROM samples" [--json]
  npm run sql -- "SELECT …" --url https://query.example.com
                 [--site NAME] [--from DAY] [--to DAY]

  samples  site_name, point_name, timestamp, value
  points   site_name, point_name, unit, label, tags, source,
           configured, interval_s, first_seen, last_seen
  hours    site_name, point_name, hour, count, min, max, avg

  --json         one JSON object per line instead of a table
  --url URL      the query Worker of a deployment
  --site NAME    this site only; may be repeated (default: all)
  --from, --to   first and last day, YYYY-MM-DD, UTC, both included
                 (default: the ${DEFAULT_DAYS} days up to --to, or to today)

Times are UTC. STATE_DIR names the folder of a local run (default
.local); day files of deployments are kept there, in sql/. A token of
a deployment is read from QUERY_TOKEN in the environment. With a
deployment \`source\` is null, because its API does not give it.

Exit codes: 0 the result is printed; 1 an error of the state, the
deployment or the SQL; 2 the command line is invalid. Samples that
could not be read are reported on stderr.`;

const tokenSchema = headerSecret.nullable();
const optionsSchema = z.object({
  url: workerOption("query"),
  site: z.array(z.string().min(1)).nullable(),
  from: dayOption.optional(),
  to: dayOption.optional(),
});

export interface DeploymentOptions {
  /** without a trailing slash */
  readonly url: string;
  /** null: none needed */
  readonly token: string | null;
  /** null: all */
  readonly sites: readonly string[] | null;
  readonly range: DateRange;
  /** --from was not given */
  readonly isDefaultRange: boolean;
}

export interface SqlOptions {
  readonly sql: string;
  readonly json: boolean;
  /** null: the local state is read */
  readonly deployment: DeploymentOptions | null;
}

/**
 * Reads the command line; null: help was requested.
 * @param now epoch ms
 * @throws Error that names each invalid option
 */
export function readSqlOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  now: number,
): SqlOptions | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      url: { type: "string" },
      site: { type: "string", multiple: true },
      from: { type: "string" },
      to: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const [sql, ...others] = positionals;
  if (sql === undefined || others.length > 0) {
    throw new Error(`One statement is needed in quotes, found ${positionals.length} arguments.\n\n${USAGE}`);
  }
  const { json, url, site, from, to } = values;
  if (url === undefined) {
    if ([site, from, to].some((value) => value !== undefined)) {
      throw new Error("--site, --from and --to are for a deployment: give --url, too.");
    }
    return { sql, json, deployment: null };
  }
  const options = parseOptions(optionsSchema, { url, site: site ?? null, from, to });
  const token = tokenSchema.safeParse(environment["QUERY_TOKEN"] || null);
  if (!token.success) throw new Error("QUERY_TOKEN must be of visible ASCII characters, without spaces or line ends.");
  const range = rangeOf(options.from, options.to ?? dayText(now));
  const deployment = {
    url: options.url,
    token: token.data,
    sites: options.site,
    range,
    isDefaultRange: from === undefined,
  };
  return { sql, json, deployment };
}

/** @throws Error if the first day is after the last */
function rangeOf(from: string | undefined, to: string): DateRange {
  const first = from ?? dayText(Date.parse(to) - (DEFAULT_DAYS - 1) * DAY_MS);
  if (first > to) throw new Error(`--from ${first} is after --to ${to}.`);
  return { from: first, to };
}

function dayText(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
