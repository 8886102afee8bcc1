import { BackfillClient } from "./backfill-client.ts";
import { type BackfillOptions, readBackfillOptions, USAGE } from "./backfill-options.ts";
import { CONTINUE_HINT, formatBackfillEnd, formatBackfillPlan, isComplete } from "./format-backfill.ts";
import { formatLine } from "./output-line.ts";
import { runOperatorCommand } from "./operator-command.ts";
import { logScreen, type Screen, terminalScreen, watchBackfill } from "./watch-backfill.ts";
import { unreachableHint, WorkerRefused } from "./worker-client.ts";

const NOT_FOUND = 404;
const CONFLICT = 409;

function say(line: string): void {
  console.log(line);
}

/** @returns the exit code; null: a backfill has started, or is running */
async function begin(client: BackfillClient, options: BackfillOptions): Promise<number | null> {
  const { action, range, site, force, queue, plan, comeBack } = options;
  const sites = site === undefined ? {} : { sites: site };
  const dates = range === null ? {} : { start_date: range.from, end_date: range.to };
  const body = { ...dates, ...sites };
  try {
    if (action === "retry-failed") {
      const answer = await client.retryFailed(body);
      if (answer.status === "started") return sayStarted(answer.backfill_id);
      say("No day has failed.");
      return 0;
    }
    if (range === null) return null;
    formatBackfillPlan(await client.plan({ ...body, force_restart: force })).forEach(say);
    if (plan) return 0;
    const { status, backfill_id: id, position } = await client.start({ ...body, force_restart: force, queue });
    if (status === "started") return sayStarted(id);
    say(formatLine("queued", `${id}, at position ${position}: it starts by itself`));
    return 0;
  } catch (error) {
    if (!(error instanceof WorkerRefused) || error.status !== CONFLICT) throw error;
    console.error(error.message);
    console.error(`To watch it: ${comeBack}`);
    return 2;
  }
}

function sayStarted(id: string): null {
  say(formatLine("started", id));
  return null;
}

/** Cancels the running backfill, with `queue` also the queued ones. @returns the exit code */
async function cancel(client: BackfillClient, { queue }: BackfillOptions): Promise<number> {
  const isNone = (error: unknown, status: number) => error instanceof WorkerRefused && error.status === status;
  try {
    const { status, backfill_id: running, queue: waiting } = await client.status();
    if (queue) {
      // In reverse order: the first queued one would start when the running one ends.
      for (const { backfill_id: id } of waiting.toReversed()) {
        say(formatLine("cancelled", ` ${(await client.cancel(id)).backfill_id}, which was queued`));
      }
    }
    if (status !== "in_progress") {
      console.error("No backfill is in progress.");
      return 1;
    }
    const { backfill_id: id, days_completed: days } = await client.cancel(running);
    say(formatLine("cancelled", ` ${id}: ${days} days are done; ${CONTINUE_HINT}`));
    if (!queue && waiting.length > 0)
      say(formatLine("", `${waiting.length} in the queue remain; to cancel them too, add --queue`));
    return 0;
  } catch (error) {
    // It may have ended after its status was read.
    if (!isNone(error, CONFLICT) && !isNone(error, NOT_FOUND)) throw error;
    console.error("No backfill is in progress.");
    return 1;
  }
}

/**
 * The backfill continues without this process. Prints that, and ends by the signal itself, so that the shell sees it.
 */
function leaveOn(signal: "SIGINT" | "SIGTERM", screen: Screen, comeBack: string): void {
  process.once(signal, () => {
    screen.end();
    say("The backfill continues by itself. To watch it again:");
    say(`  ${comeBack}`);
    process.kill(process.pid, signal);
  });
}

/** @returns the exit code */
async function backfill(options: BackfillOptions): Promise<number> {
  const { action, range, watch, url, comeBack } = options;
  if (action === "start" && range === null && !watch) {
    console.error(USAGE);
    return 2;
  }
  const client = new BackfillClient(url, options.token);
  if (action === "cancel") return cancel(client, options);
  const ended = await begin(client, options);
  if (ended !== null) return ended;
  if (!watch) {
    say("The backfill continues by itself. To watch it:");
    say(`  ${comeBack}`);
    return 0;
  }
  // A dumb terminal cannot update a line in place.
  const isTerminal = process.stdout.isTTY && process.env["TERM"] !== "dumb";
  const screen = isTerminal ? terminalScreen(process.stdout) : logScreen(say);
  leaveOn("SIGINT", screen, comeBack);
  leaveOn("SIGTERM", screen, comeBack);
  try {
    const last = await watchBackfill(client, screen);
    screen.end();
    formatBackfillEnd(last, url).forEach(say);
    return isComplete(last) ? 0 : 1;
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
