import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import { createLogUpdate } from "log-update";
import type { BackfillClient, BackfillStatus } from "./backfill-client.ts";
import { daysTried, progressLine, progressText } from "./progress-bar.ts";
import { WorkerRefused, WorkerUnreachable } from "./worker-client.ts";

const POLL_MS = 2_000;
/** Interval of the lines of a log while no day ends. */
const LOG_EVERY_MS = 10_000;
/** How long a Worker that answered before may fail: during a deploy, or without a network. */
const PATIENCE_MS = 60_000;

/** Shows the progress. */
export interface Screen {
  progress(status: BackfillStatus): void;
  /** no answer, or an error; the backfill may still run */
  trouble(text: string): void;
  /** Keeps the last text, and moves the cursor below it. */
  end(): void;
}

/** A text that is updated in place in a terminal, with colours unless NO_COLOR is set. */
export function terminalScreen(terminal: NodeJS.WriteStream): Screen {
  const update = createLogUpdate(terminal);
  const alarm = (text: string) => styleText("red", text, { stream: terminal });
  return {
    progress: (status) => update(progressLine(status, Date.now(), alarm)),
    trouble: (text) => update(alarm(text)),
    end: () => update.done(),
  };
}

/** Lines for a log: one when a day ends, otherwise one every 10 s. @param now epoch ms */
export function logScreen(say: (line: string) => void, now: () => number = Date.now): Screen {
  let shown: { readonly tried: number; readonly status: string; readonly at: number } | null = null;
  let inTrouble = false;
  return {
    progress(status) {
      inTrouble = false;
      const [tried, at] = [daysTried(status), now()];
      const isNews = shown === null || tried !== shown.tried || status.status !== shown.status;
      if (!isNews && shown !== null && at - shown.at < LOG_EVERY_MS) return;
      say(progressText(status, at));
      shown = { tried, status: status.status, at };
    },
    trouble(text) {
      if (!inTrouble) say(text);
      inTrouble = true;
    },
    end: () => {},
  };
}

/**
 * Shows the progress until the backfill ends.
 * @throws {WorkerUnreachable} {WorkerRefused} if the Worker refuses, or fails for a minute
 */
export async function watchBackfill(
  client: Pick<BackfillClient, "status">,
  screen: Screen,
  wait: (ms: number) => Promise<unknown> = sleep,
): Promise<BackfillStatus> {
  // null: no answer yet, so the Worker may not exist
  let silentMs: number | null = null;
  for (;;) {
    try {
      const status = await client.status();
      silentMs = 0;
      screen.progress(status);
      if (status.status !== "in_progress") return status;
    } catch (error) {
      const isPassing = error instanceof WorkerUnreachable || (error instanceof WorkerRefused && error.status >= 500);
      if (!isPassing || silentMs === null || silentMs >= PATIENCE_MS) throw error;
      silentMs += POLL_MS;
      screen.trouble(`${error.message} Trying again.`);
    }
    await wait(POLL_MS);
  }
}
