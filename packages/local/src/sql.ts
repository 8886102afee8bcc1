import { join, resolve } from "node:path";
import { runOperatorCommand } from "./operator-command.ts";
import { readLocalSettings } from "./settings.ts";
import { DeployedState } from "./sql/deployed-state.ts";
import { LocalState } from "./sql/local-state.ts";
import { QueryClient } from "./sql/query-client.ts";
import { type Report, stderrReport } from "./sql/report.ts";
import type { SampleSource } from "./sql/sample-source.ts";
import { openSampleViews } from "./sql/sample-views.ts";
import { type DeploymentOptions, readSqlOptions, type SqlOptions, USAGE } from "./sql/sql-options.ts";
import { unreachableHint } from "./worker-client.ts";

function openDeployment(options: DeploymentOptions, stateDir: string, report: Report): Promise<DeployedState> {
  const { url, token, sites, range, isDefaultRange } = options;
  const because = isDefaultRange ? "; --from and --to choose other days" : "";
  report.note(`Reads ${range.from} to ${range.to}, UTC, of ${url}${because}.`);
  const cacheFolder = join(stateDir, "sql");
  return DeployedState.open(new QueryClient(url, token), { url, names: sites, range, cacheFolder }, report);
}

/** @returns the exit code */
async function runSql({ sql, json, deployment }: SqlOptions): Promise<number> {
  const stateDir = resolve(readLocalSettings(process.env).STATE_DIR);
  const report = stderrReport();
  let source: SampleSource | null = null;
  try {
    source =
      deployment === null ? LocalState.open(stateDir, report) : await openDeployment(deployment, stateDir, report);
    const connection = await openSampleViews(source, sql);
    report.end();
    const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson();
    if (json) for (const row of rows) console.log(JSON.stringify(row));
    else if (rows.length > 0) console.table(rows);
    if (!json) console.log(`${rows.length} rows`);
    connection.closeSync();
    return 0;
  } finally {
    report.end();
    source?.close();
  }
}

await runOperatorCommand({
  usage: USAGE,
  read: () => readSqlOptions(process.argv.slice(2), process.env, Date.now()),
  run: runSql,
  failed: 1,
  hint: unreachableHint,
});
