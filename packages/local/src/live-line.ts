import { stripVTControlCharacters } from "node:util";

/** What is needed of a terminal. */
export interface Terminal {
  write(text: string): unknown;
  /** columns; a terminal that does not know says 0 */
  readonly columns?: number;
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

const DEFAULT_COLUMNS = 80;

/** Room for the `^C` that the terminal itself shows after the line, and a cell that is never written: no line wraps. */
const MARGIN = 3;

/** The last line of a terminal, drawn over again as it changes and as the window is made wider or narrower. */
export class LiveLine {
  readonly #terminal: Terminal;
  #render: (width: number) => string = () => "";
  #shown = "";
  /** columns that are taken: the line without its colours */
  #taken = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.on("resize", this.#redraw);
  }

  /** @param render the line, of at most `width` columns */
  show(render: (width: number) => string): void {
    this.#render = render;
    this.#draw("");
  }

  /** Leaves the line as it is, and the cursor below it. */
  end(): void {
    this.#terminal.off("resize", this.#redraw);
    if (this.#shown === "") return;
    // Once more from the start, over what was typed after it.
    this.#shown = "";
    this.#draw("");
    this.#terminal.write("\n");
  }

  readonly #redraw = (): void => {
    // A terminal that was made narrower has wrapped the line; its first row is so many above the cursor.
    const wrapped = Math.max(0, Math.ceil(this.#taken / this.#columns()) - 1);
    this.#shown = "";
    this.#draw(wrapped === 0 ? "" : `\u001b[${wrapped}A`);
  };

  #columns(): number {
    const { columns = 0 } = this.#terminal;
    return columns > 0 ? columns : DEFAULT_COLUMNS;
  }

  #draw(start: string): void {
    const line = this.#render(Math.max(1, this.#columns() - MARGIN));
    if (line === this.#shown) return;
    // Writes over the old line, then clears the rest: clearing it first would flicker.
    this.#terminal.write(`${start}\r${line}\u001b[J`);
    this.#shown = line;
    this.#taken = stripVTControlCharacters(line).length;
  }
}
