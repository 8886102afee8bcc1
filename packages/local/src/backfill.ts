import { BackfillClient } from "./backfill-client.ts";
import { type BackfillOptions, readBackfillOptions, USAGE } from "./backfill-options.ts";
import { endLines, isWhole, planLines, told } from "./backfill-words.ts";
import { runOperatorCommand } from "./operator-command.ts";
import { logScreen, type Screen, terminalScreen, watchBackfill } from "./watch-backfill.ts";
import { unreachableHint, WorkerRefused } from "./worker-client.ts";

const CONFLICT = 409;

function say(line: string): void {
  console.log(line);
}

/** Plans and starts what the command line asks for. @returns false where one is in progress already */
async function start(client: BackfillClient, options: BackfillOptions): Promise<boolean> {
  const { range, site, force, plan, comeBack } = options;
  if (range === null) return true;
  const sites = site === undefined ? {} : { sites: site };
  const body = { start_date: range.from, end_date: range.to, force_restart: force, ...sites };
  planLines(await client.plan(body)).forEach(say);
  if (plan) return true;
  try {
    say(told("started", (await client.start(body)).backfill_id));
    return true;
  } catch (error) {
    if (!(error instanceof WorkerRefused) || error.status !== CONFLICT) throw error;
    console.error(error.message);
    console.error(`To look at it: ${comeBack}`);
    return false;
  }
}

/** The backfill goes on without us: says so, and dies of the signal as if it had not been caught, for the shell to see. */
function leaveOn(signal: "SIGINT" | "SIGTERM", screen: Screen, comeBack: string): void {
  process.once(signal, () => {
    screen.end();
    say("The backfill goes on by itself. To look at it again:");
    say(`  ${comeBack}`);
    process.kill(process.pid, signal);
  });
}

/** @returns the exit code */
async function backfill(options: BackfillOptions): Promise<number> {
  const { range, watch, plan, url, comeBack } = options;
  if (range === null && !watch) {
    console.error(USAGE);
    return 2;
  }
  const client = new BackfillClient(url, options.token);
  if (!(await start(client, options))) return 2;
  if (plan) return 0;
  if (!watch) {
    say("The backfill goes on by itself. To look at it:");
    say(`  ${comeBack}`);
    return 0;
  }
  // A dumb terminal cannot draw over a line.
  const isTerminal = process.stdout.isTTY && process.env["TERM"] !== "dumb";
  const screen = isTerminal ? terminalScreen(process.stdout) : logScreen(say);
  leaveOn("SIGINT", screen, comeBack);
  leaveOn("SIGTERM", screen, comeBack);
  try {
    const last = await watchBackfill(client, screen);
    screen.end();
    endLines(last, url).forEach(say);
    return isWhole(last) ? 0 : 1;
  } catch (error) {
    screen.end();
    throw error;
  }
}

await runOperatorCommand({
  usage: USAGE,
  read: () => {
    const options = readBackfillOptions(process.argv.slice(2), process.env);
    return options.help ? null : options;
  },
  run: backfill,
  failed: 2,
  hint: unreachableHint,
});
