import { LiveLine } from "../live-line.ts";

/** In a log, progress is written at most so often, milliseconds. */
const LOG_EVERY_MS = 5_000;

/** What a source tells its user while it reads. */
export interface Report {
  /** a line to keep */
  note(line: string): void;
  /** how far it is: replaced by the next one */
  progress(text: string): void;
}

/** Reports on stderr: stdout has the rows alone. */
export function stderrReport(stream: NodeJS.WriteStream = process.stderr): Report & { end(): void } {
  // A dumb terminal cannot draw over a line.
  const isTerminal = stream.isTTY && process.env["TERM"] !== "dumb";
  let live: LiveLine | null = null;
  let shown = Date.now();
  const end = (): void => {
    live?.end();
    live = null;
  };
  return {
    note(line) {
      end();
      stream.write(`${line}\n`);
    },
    progress(text) {
      if (isTerminal) {
        live ??= new LiveLine(stream);
        live.show((width) => text.slice(0, width));
      } else if (Date.now() - shown >= LOG_EVERY_MS) {
        shown = Date.now();
        stream.write(`${text}\n`);
      }
    },
    end,
  };
}
