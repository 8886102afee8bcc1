import { createLogUpdate } from "log-update";

/** Shortest time between progress lines in a log, in ms. */
const LOG_EVERY_MS = 5_000;

/** Messages of a source while it reads. */
export interface Report {
  /** a line that stays */
  note(line: string): void;
  /** progress, which the next progress replaces */
  progress(text: string): void;
}

/** Reports on stderr, because stdout is for the rows. */
export function stderrReport(stream: NodeJS.WriteStream = process.stderr): Report & { end(): void } {
  // A dumb terminal cannot update a line in place.
  const isTerminal = stream.isTTY && process.env["TERM"] !== "dumb";
  const update = createLogUpdate(stream);
  let shown = Date.now();
  const end = (): void => update.done();
  return {
    note(line) {
      end();
      stream.write(`${line}\n`);
    },
    progress(text) {
      if (isTerminal) update(text);
      else if (Date.now() - shown >= LOG_EVERY_MS) {
        shown = Date.now();
        stream.write(`${text}\n`);
      }
    },
    end,
  };
}
