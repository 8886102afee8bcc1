// The grammar of Haystack 4 filters (project-haystack.org/doc/docHaystack/Filters), without what this server has
// nothing for: references, paths (`->`), symbols, dates, times, URIs and numbers with a unit.

const COMPARISONS = ["==", "!=", "<", "<=", ">", ">="] as const;
export type Comparison = (typeof COMPARISONS)[number];
export type FilterValue = string | number | boolean;

export type FilterNode =
  | { readonly kind: "and" | "or"; readonly terms: readonly FilterNode[] }
  | { readonly kind: "has" | "missing"; readonly name: string }
  | { readonly kind: "compare"; readonly name: string; readonly by: Comparison; readonly value: FilterValue };

/** A text that is no filter, or one that this server does not evaluate. */
export class FilterError extends Error {
  override readonly name = "FilterError";
  /** whether Haystack has it and this server does not */
  readonly isUnsupported: boolean;

  /** @param at index in the text */
  constructor(message: string, at: number, isUnsupported = false) {
    super(`${message} (character ${at + 1})`);
    this.isUnsupported = isUnsupported;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  '"': '"',
  "\\": "\\",
  $: "$",
};

/** Tokens that begin where they are looked for. */
const SPACE = /[ \t\r\n]*/y;
const NAME = /[a-z][A-Za-z0-9_]*/y;
const COMPARISON = /==|!=|<=|>=|<|>/y;
const TEXT = /"((?:[^"\\]|\\[bfnrt"\\$]|\\u[0-9a-fA-F]{4})*)"/y;
const NUMBER = /-?\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d[\d_]*)?/y;
/** What may follow a number: a unit, a date or a time. */
const AFTER_NUMBER = /[A-Za-z%$/_:\u0080-\uffff-]/y;

/** Deeper parentheses are refused. */
const MAX_DEPTH = 50;

/** @throws {FilterError} */
export function parseFilter(text: string): FilterNode {
  const parser = new FilterParser(text);
  return parser.parse();
}

class FilterParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): FilterNode {
    this.#take(SPACE);
    const node = this.#list("or");
    if (this.#at < this.#text.length) throw this.#error(`found ${this.#found()}, expected \`and\`, \`or\` or the end`);
    return node;
  }

  #list(kind: "and" | "or"): FilterNode {
    const terms = [];
    do terms.push(kind === "or" ? this.#list("and") : this.#term());
    while (this.#word(kind));
    return terms.length === 1 ? terms[0]! : { kind, terms };
  }

  #term(): FilterNode {
    if (this.#text[this.#at] === "(") return this.#parens();
    this.#refuseUnsupported();
    const start = this.#at;
    const name = this.#take(NAME);
    if (name === null) throw this.#error(`found ${this.#found()}, expected the name of a tag or field`);
    this.#refuseAfterName();
    if (name === "not") {
      const missing = this.#take(NAME);
      if (missing === null) throw this.#error(`found ${this.#found()}, expected a name after \`not\``);
      this.#refuseAfterName();
      return { kind: "missing", name: missing };
    }
    if (name === "and" || name === "or") throw new FilterError(`found \`${name}\`, expected a name`, start);
    const by = this.#comparison();
    return by === null ? { kind: "has", name } : { kind: "compare", name, by, value: this.#value() };
  }

  #parens(): FilterNode {
    if (++this.#depth > MAX_DEPTH) throw this.#error(`over ${MAX_DEPTH} parentheses within each other`);
    this.#skip(1);
    const node = this.#list("or");
    if (this.#text[this.#at] !== ")") throw this.#error(`found ${this.#found()}, expected \`)\``);
    this.#skip(1);
    this.#depth--;
    return node;
  }

  #comparison(): Comparison | null {
    const found = this.#take(COMPARISON);
    const by = COMPARISONS.find((comparison) => comparison === found) ?? null;
    if (by === null && this.#text[this.#at] === "=") throw this.#error("found `=`, expected `==`");
    return by;
  }

  #value(): FilterValue {
    this.#refuseUnsupported();
    const start = this.#at;
    if (this.#text[start] === '"') return this.#string();
    const number = this.#take(NUMBER, false);
    if (number !== null) {
      AFTER_NUMBER.lastIndex = this.#at;
      if (AFTER_NUMBER.test(this.#text)) {
        throw this.#unsupported("numbers with a unit, dates and times are not supported; the cadence is in seconds");
      }
      this.#take(SPACE);
      return Number(number.replaceAll("_", ""));
    }
    const word = this.#take(NAME);
    if (word === "true" || word === "false") return word === "true";
    throw new FilterError(`found ${this.#found(start)}, expected a text in quotes, a number, true or false`, start);
  }

  #string(): string {
    const quoted = this.#take(TEXT);
    if (quoted === null) throw this.#error("the text has no closing quote, or an unknown escape");
    return quoted
      .slice(1, -1)
      .replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, escape: string) =>
        code === undefined ? ESCAPES[escape]! : String.fromCharCode(Number.parseInt(code, 16)),
      );
  }

  #word(word: string): boolean {
    const start = this.#at;
    if (this.#take(NAME) === word) return true;
    this.#at = start;
    return false;
  }

  #refuseUnsupported(): void {
    const char = this.#text[this.#at] ?? "";
    if (char === "@") throw this.#unsupported("references (@) are not supported");
    if (char === "^") throw this.#unsupported("symbols (^) are not supported");
    if (char === "`") throw this.#unsupported("URIs are not supported");
    if (this.#text.startsWith("-INF", this.#at)) throw this.#unsupported("infinite numbers are not supported");
  }

  #refuseAfterName(): void {
    if (this.#text.startsWith("->", this.#at)) throw this.#unsupported("paths (->) are not supported");
    if (this.#text[this.#at] === "?") throw this.#unsupported("relationships (?) are not supported");
    if (this.#text.startsWith("*==", this.#at)) throw this.#unsupported("wildcards (*==) are not supported");
  }

  /** Reads a token, and the space after it. */
  #take(token: RegExp, skipsSpace = true): string | null {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text)?.[0];
    if (found === undefined) return null;
    this.#at += found.length;
    if (skipsSpace && token !== SPACE) this.#take(SPACE);
    return found;
  }

  #skip(length: number): void {
    this.#at += length;
    this.#take(SPACE);
  }

  #found(at = this.#at): string {
    return at < this.#text.length ? JSON.stringify(this.#text.slice(at, at + 20)) : "the end";
  }

  #error(message: string): FilterError {
    return new FilterError(message, this.#at);
  }

  #unsupported(message: string): FilterError {
    return new FilterError(message, this.#at, true);
  }
}
