import { createLogUpdate } from "log-update";
import { runOperatorCommand } from "./operator-command.ts";
import { readRebuildOptions, type RebuildOptions, USAGE } from "./rebuild-options.ts";
import { RebuildTally } from "./rebuild-tally.ts";
import { type RebuildWatcher, rebuildUntilDone } from "./run-rebuild.ts";
import { unreachableHint, WorkerClient } from "./worker-client.ts";

function say(line: string): void {
  console.log(line);
}

/** Shows the tally: a terminal updates it in place, a log gets a line per run. */
function screenOf(tally: RebuildTally, terminal: NodeJS.WriteStream | null): RebuildWatcher & { end(): void } {
  const update = terminal === null ? null : createLogUpdate(terminal);
  const end = (): void => update?.done();
  const show = (text: string): void => (update === null ? say(text) : update(text));
  return {
    found(run) {
      const wrong = tally.add(run);
      if (wrong.length > 0) end();
      wrong.forEach(say);
      show(tally.progress());
    },
    trouble: show,
    end,
  };
}

/** @returns the exit code */
async function rebuild({ body, url, token }: RebuildOptions): Promise<number> {
  const tally = new RebuildTally(body.dry_run);
  // A dumb terminal cannot update a line in place.
  const isTerminal = process.stdout.isTTY && process.env["TERM"] !== "dumb";
  const screen = screenOf(tally, isTerminal ? process.stdout : null);
  try {
    await rebuildUntilDone(new WorkerClient("etl", url, token), body, screen);
  } finally {
    screen.end();
  }
  tally.end().forEach(say);
  return tally.isWhole ? 0 : 1;
}

await runOperatorCommand({
  usage: USAGE,
  read: () => {
    const options = readRebuildOptions(process.argv.slice(2), process.env);
    return options.help ? null : options;
  },
  run: rebuild,
  failed: 2,
  hint: unreachableHint,
});
