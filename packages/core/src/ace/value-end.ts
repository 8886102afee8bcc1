const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Characters that open or close a level, or begin a string. */
const STRUCTURE = /["[\]{}]/g;

/** Characters that end a number or a word. */
const SCALAR_END = /[\s,\]}]/g;

/** JSON's white space. */
const SPACE = /[ \t\n\r]*/y;

/** Index of the first character at or after `at` that is not white space. */
export function skipSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

/** Index after a string's closing quote; -1: the string does not end here. @param at index of its opening quote */
export function textEnd(text: string, at: number): number {
  for (let quote = text.indexOf('"', at + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let escapes = quote - 1;
    while (text.charCodeAt(escapes) === BACKSLASH) escapes--;
    if ((quote - escapes) % 2 === 1) return quote + 1;
  }
  return -1;
}

/**
 * Index after the JSON value at `at`; -1: the value does not end here. Does not check that the value is JSON; the
 * parser does.
 */
export function valueEnd(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return textEnd(text, at);
  if (text[at] !== "{" && text[at] !== "[") {
    SCALAR_END.lastIndex = at;
    return SCALAR_END.test(text) ? SCALAR_END.lastIndex - 1 : -1;
  }
  let depth = 0;
  for (let next = at; ;) {
    STRUCTURE.lastIndex = next;
    const found = STRUCTURE.exec(text);
    if (found === null) return -1;
    next = STRUCTURE.lastIndex;
    if (found[0] === '"') {
      next = textEnd(text, next - 1);
      if (next === -1) return -1;
    } else if (found[0] === "{" || found[0] === "[") {
      depth++;
    } else if (--depth === 0) {
      return next;
    }
  }
}
