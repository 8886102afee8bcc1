import { LiveLine } from "./live-line.ts";
import { readRepairOptions, USAGE } from "./repair-options.ts";
import { RepairTally } from "./repair-tally.ts";
import { type RepairWatcher, runRepair } from "./run-repair.ts";
import { WorkerClient, WorkerUnreachable } from "./worker-client.ts";

function say(line: string): void {
  console.log(line);
}

/** Shows the tally as it grows: in a terminal as one line that changes, in a log as a line a run. */
function screenOf(tally: RepairTally, terminal: NodeJS.WriteStream | null): RepairWatcher & { end(): void } {
  let live: LiveLine | null = null;
  const end = (): void => {
    live?.end();
    live = null;
  };
  const show = (text: string): void => {
    if (terminal === null) return say(text);
    live ??= new LiveLine(terminal);
    live.show((width) => text.slice(0, width));
  };
  return {
    found(days) {
      const wrong = tally.add(days);
      if (wrong.length > 0) end();
      wrong.forEach(say);
      show(tally.progress());
    },
    trouble: show,
    end,
  };
}

async function main(): Promise<number> {
  const { body, help, url, token } = readRepairOptions(process.argv.slice(2), process.env);
  if (help) {
    say(USAGE);
    return 0;
  }
  const tally = new RepairTally(body.dry_run);
  // A dumb terminal cannot draw over a line.
  const isTerminal = process.stdout.isTTY && process.env["TERM"] !== "dumb";
  const screen = screenOf(tally, isTerminal ? process.stdout : null);
  try {
    await runRepair(new WorkerClient("etl", url, token), body, screen);
  } finally {
    screen.end();
  }
  tally.end().forEach(say);
  return tally.isWhole ? 0 : 1;
}

// Nobody reads the pipe any more: what a shell says of a process that SIGPIPE has ended.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(141);
});
try {
  process.exitCode = await main();
} catch (error) {
  // parseArgs, the settings and the Worker all say what is wrong; a stack would only hide it
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof WorkerUnreachable) {
    console.error("Is it running? npm start runs one here; --url names that of a deployment.");
  }
  process.exitCode = 2;
}
