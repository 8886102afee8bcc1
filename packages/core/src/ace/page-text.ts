import { parseApiJson } from "./parse-json.ts";
import { skipSpace, textEnd, valueEnd } from "./value-end.ts";

/** Characters that are parsed at a time, however the text arrives. */
const PIECE_CHARS = 16 * 1024;

/** Maximum characters of a row, and of all fields beside the rows; a typical row has about 120. */
const MAX_VALUE_CHARS = 1_000_000;

/** Receives the rows of one array as they are read. */
interface RowSink {
  add(rows: readonly unknown[]): void;
}

/**
 * Reads the text of a JSON object while it arrives. Passes on the elements of its large arrays a few hundred at a time,
 * so that neither the text nor the rows are in memory as a whole. Keeps all other fields until the end.
 */
export class PageText {
  readonly #sinkOf: (key: string) => RowSink | null;
  readonly #reading: Generator<undefined, unknown, undefined>;
  #text = "";
  #at = 0;
  #arrived: string[] = [];
  #arrivedChars = 0;
  #isWhole = false;

  /** @param sinkOf returns the receiver of the array under a key; null: keep the value */
  constructor(sinkOf: (key: string) => RowSink | null) {
    this.#sinkOf = sinkOf;
    this.#reading = this.#object();
    this.#reading.next();
  }

  /** @throws {SyntaxError} if the text cannot become JSON */
  write(text: string): void {
    for (let at = 0; at < text.length; at += PIECE_CHARS) {
      const piece = text.slice(at, at + PIECE_CHARS);
      this.#arrived.push(piece);
      this.#arrivedChars += piece.length;
      if (this.#arrivedChars >= PIECE_CHARS) this.#reading.next();
    }
  }

  /**
   * The object without the elements that were passed on.
   * @throws {SyntaxError} if the text is not JSON or ends early
   */
  end(): unknown {
    this.#isWhole = true;
    const { done, value } = this.#reading.next();
    if (done !== true) throw new SyntaxError("the text ends early");
    return value;
  }

  /** Drops the text that was read, and continues with the text that arrived meanwhile. */
  *#more(): Generator<undefined, void, undefined> {
    if (this.#isWhole) throw new SyntaxError("the text ends early");
    yield;
    this.#text = this.#text.slice(this.#at) + this.#arrived.join("");
    this.#at = 0;
    this.#arrived = [];
    this.#arrivedChars = 0;
  }

  /** The next character that is not white space; "" at the end of the text. */
  *#next(): Generator<undefined, string, undefined> {
    for (;;) {
      this.#at = skipSpace(this.#text, this.#at);
      if (this.#at < this.#text.length) return this.#text[this.#at]!;
      if (this.#isWhole) return "";
      yield* this.#more();
    }
  }

  *#take(char: string): Generator<undefined, void, undefined> {
    if ((yield* this.#next()) !== char) throw new SyntaxError(`expected ${char}`);
    this.#at++;
  }

  /** The text of the next value; `endOf` finds its end. */
  *#value(endOf: (text: string, at: number) => number): Generator<undefined, string, undefined> {
    yield* this.#next();
    for (;;) {
      const end = endOf(this.#text, this.#at);
      const length = (end === -1 ? this.#text.length : end) - this.#at;
      if (length > MAX_VALUE_CHARS) throw new SyntaxError(`a value is longer than ${MAX_VALUE_CHARS} characters`);
      if (end !== -1) {
        const value = this.#text.slice(this.#at, end);
        this.#at = end;
        return value;
      }
      yield* this.#more();
    }
  }

  *#object(): Generator<undefined, unknown, undefined> {
    const fields: string[] = [];
    let chars = 0;
    yield* this.#take("{");
    let separator = yield* this.#next();
    if (separator === "}") this.#at++;
    while (separator !== "}") {
      if ((yield* this.#next()) !== '"') throw new SyntaxError("expected a key");
      const key = yield* this.#value(textEnd);
      yield* this.#take(":");
      const sink = (yield* this.#next()) === "[" ? this.#sinkOf(String(JSON.parse(key))) : null;
      let value = "[]";
      if (sink === null) value = yield* this.#value(valueEnd);
      else yield* this.#rows(sink);
      chars += key.length + value.length;
      if (chars > MAX_VALUE_CHARS) throw new SyntaxError(`the fields are longer than ${MAX_VALUE_CHARS} characters`);
      fields.push(`${key}:${value}`);
      separator = yield* this.#next();
      if (separator !== "," && separator !== "}") throw new SyntaxError("expected , or }");
      this.#at++;
    }
    if ((yield* this.#next()) !== "") throw new SyntaxError("text follows the object");
    return parseApiJson(`{${fields.join(",")}}`, "1e999");
  }

  *#rows(sink: RowSink): Generator<undefined, void, undefined> {
    yield* this.#take("[");
    if ((yield* this.#next()) === "]") {
      this.#at++;
      return;
    }
    for (;;) {
      if (this.#addRows(sink) && !this.#isWhole) {
        yield* this.#more();
        continue;
      }
      // the last rows of the array, or rows that are not objects: one at a time
      const { length } = this.#text;
      do {
        sink.add([parseApiJson(yield* this.#value(valueEnd), "1e999")]);
        const separator = yield* this.#next();
        if (separator !== "," && separator !== "]") throw new SyntaxError("expected , or ]");
        this.#at++;
        if (separator === "]") return;
      } while (this.#text.length === length);
    }
  }

  /**
   * Passes on all complete rows at once, up to the last `},`. If that `},` lies within a text or a nested object, or
   * beyond the array's end, the slice is not JSON, and no row is passed on.
   */
  #addRows(sink: RowSink): boolean {
    const last = this.#text.lastIndexOf("},");
    if (last < this.#at) return false;
    let rows: unknown;
    try {
      rows = parseApiJson(`[${this.#text.slice(this.#at, last + 1)}]`, "1e999");
    } catch {
      return false;
    }
    if (Array.isArray(rows)) sink.add(rows);
    this.#at = last + 2;
    return true;
  }
}
