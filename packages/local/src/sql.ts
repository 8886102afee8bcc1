import { resolve } from "node:path";
import { runOperatorCommand } from "./operator-command.ts";
import { readLocalSettings } from "./settings.ts";
import { LocalState } from "./sql/local-state.ts";
import { openSampleViews } from "./sql/sample-views.ts";
import { readSqlOptions, type SqlOptions, USAGE } from "./sql/sql-options.ts";

/** @returns the exit code */
async function runSql({ sql, json }: SqlOptions): Promise<number> {
  const { STATE_DIR } = readLocalSettings(process.env);
  const state = LocalState.open(resolve(STATE_DIR));
  try {
    for (const key of state.dayFiles().unreadable) {
      console.error(`${key} is left out: the object is not the one that was published.`);
    }
    const connection = await openSampleViews(state);
    const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson();
    if (json) for (const row of rows) console.log(JSON.stringify(row));
    else if (rows.length > 0) console.table(rows);
    if (!json) console.log(`${rows.length} rows`);
    connection.closeSync();
    return 0;
  } finally {
    state.close();
  }
}

await runOperatorCommand({
  usage: USAGE,
  read: () => readSqlOptions(process.argv.slice(2)),
  run: runSql,
  failed: 1,
  hint: () => null,
});
