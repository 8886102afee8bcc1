import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ImportClient, ImportRefused } from "./import/import-client.ts";
import { type ImportOptions, readImportOptions, USAGE } from "./import/import-options.ts";
import { droppedByReason, formatImportEnd, formatSource } from "./import/format-import.ts";
import { formatLine } from "./output-line.ts";
import { PositionFile, workFolder } from "./import/position.ts";
import { readSources, sendDays } from "./import/run-import.ts";
import { findSources } from "./import/sources.ts";
import { runOperatorCommand } from "./operator-command.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

function say(line: string): void {
  console.log(line);
}

/** The position is saved, so a stop needs no cleanup. Prints that, and ends by the signal itself. */
function leaveOn(signal: "SIGINT" | "SIGTERM"): void {
  process.once(signal, () => {
    say("Stopped. The same command continues.");
    process.kill(process.pid, signal);
  });
}

/** @returns the exit code @throws Error with the cause */
async function runImport({ from, to, token, check }: ImportOptions): Promise<number> {
  const { sources, others } = await findSources(from);
  if (others > 0) say(formatLine("skipped", `${others} ${others === 1 ? "file" : "files"} with other extensions`));
  const folder = workFolder(resolve(ROOT, process.env["STATE_DIR"] ?? ".local"), sources, to);
  const positionFile = new PositionFile(folder);
  const { position } = positionFile;
  leaveOn("SIGINT");
  leaveOn("SIGTERM");
  for (const [path, counts] of Object.entries(position.sources)) say(`${formatSource(path, counts)} (before)`);
  const context = { folder, positionFile, say, now: Date.now };
  await readSources(context, sources);
  const days = Object.values(position.spills);
  const sites = new Set(days.map(({ site }) => site));
  const dates = days.map(({ day }) => day).sort();
  const span = days.length === 0 ? "" : ` of ${[...sites].join(", ")}, ${dates[0]} to ${dates.at(-1)}`;
  say(formatLine("days", `${days.length}${span}`));
  if (check) {
    say("Nothing was sent: --check.");
    return Object.keys(droppedByReason(position)).length === 0 ? 0 : 1;
  }
  const isWhole = await sendDays(context, new ImportClient(to, token));
  formatImportEnd(position).forEach(say);
  if (isWhole) say(formatLine("", `to import these files again, remove ${folder}`));
  else say("The same command tries the missing days again.");
  return isWhole && Object.keys(droppedByReason(position)).length === 0 ? 0 : 1;
}

await runOperatorCommand({
  usage: USAGE,
  read: () => readImportOptions(process.argv.slice(2), process.env),
  run: runImport,
  failed: 1,
  hint: (error) => (error instanceof ImportRefused ? "The position is saved: the same command continues." : null),
});
