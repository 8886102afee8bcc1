import { parseArgs } from "node:util";

export const USAGE = `Asks DuckDB about the samples that a local run has stored, hot and
archived. Nothing is changed; npm start may run meanwhile.

  npm run sql -- "SELECT … FROM samples" [--json]

  samples  site_name, point_name, timestamp, value
  points   site_name, point_name, unit, label, tags, source,
           configured, interval_s, first_seen, last_seen
  hours    site_name, point_name, hour, count, min, max, avg

  --json   one JSON object a line instead of a table

Times are UTC. STATE_DIR names the folder of the run (default
.local). It ends with 0, or with 1 where the state or the SQL is
wrong.`;

export interface SqlOptions {
  readonly sql: string;
  readonly json: boolean;
}

/** Reads the command line; null: help is asked for. @throws Error that says what is wrong with it */
export function readSqlOptions(args: readonly string[]): SqlOptions | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: true,
    options: { json: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
  });
  if (values.help) return null;
  const [sql, ...more] = positionals;
  if (sql === undefined || more.length > 0) {
    throw new Error(`One statement is needed in quotes, found ${positionals.length} arguments.\n\n${USAGE}`);
  }
  return { sql, json: values.json };
}
