// A word begins after a separator, between digits and other characters, and at a capital in camel case. A separator is
// any character but a letter, a digit, `°` and `%`. Words are compared without case, accents and separators.

const SEPARATOR = 0;
const LETTER = 1;
const CAPITAL = 2;
const DIGIT = 3;
type CharClass = typeof SEPARATOR | typeof LETTER | typeof CAPITAL | typeof DIGIT;

/** Symbols kept in words, because they distinguish units. */
const SYMBOLS = "°%";

function classOf(char: string): CharClass {
  if (/\p{Lu}/u.test(char)) return CAPITAL;
  if (/\p{N}/u.test(char)) return DIGIT;
  return SYMBOLS.includes(char) || /\p{L}|\p{Cs}/u.test(char) ? LETTER : SEPARATOR;
}

const CLASSES = Uint8Array.from({ length: 0x100 }, (_, code) => classOf(String.fromCharCode(code)));

function classOfCode(code: number): number {
  return CLASSES[code] ?? classOf(String.fromCharCode(code));
}

// eslint-disable-next-line no-control-regex -- all of ASCII
const NOT_ASCII = /[^\x00-\x7f]/;

/** The text without accents, with compatible characters replaced: `m³` is `m3`. */
function folded(text: string): string {
  return NOT_ASCII.test(text) ? text.normalize("NFKD").replace(/\p{M}+/gu, "") : text;
}

/** The text without leading zeros of its numbers. */
function withoutZeros(text: string): string {
  return text.replace(/(?<!\p{N})0+(?=\p{N})/gu, "");
}

/** Follows each text. No word has this character. */
const TEXT_END = 0x0a;
/** Mark of {@link TEXT_END}. */
const END_MARK = 255;

const UTF16 = new TextDecoder("utf-16le");

/** Words of many texts, joined without separators, with a mark at the start of each word. */
export class WordsBuilder {
  #codes = new Uint16Array(64);
  #marks = new Uint8Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #put(code: number, mark: number): void {
    if (this.#length === this.#codes.length) {
      const [codes, marks] = [new Uint16Array(2 * this.#length), new Uint8Array(2 * this.#length)];
      codes.set(this.#codes);
      marks.set(this.#marks);
      [this.#codes, this.#marks] = [codes, marks];
    }
    this.#codes[this.#length] = code;
    this.#marks[this.#length] = mark;
    this.#length++;
  }

  /** Adds a text, and again without leading zeros if it has some. @param mark of its words, 1 to 254 */
  add(text: string, mark: number): void {
    this.#addWords(folded(text), mark);
    if (/0\d/.test(text)) {
      const short = withoutZeros(folded(text));
      if (short.length < text.length) this.#addWords(short, mark);
    }
  }

  #addWords(text: string, mark: number): void {
    let before: number = SEPARATOR;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      const now = classOfCode(code);
      if (now !== SEPARATOR) {
        const isCamel =
          now === CAPITAL &&
          (before === LETTER || (before === CAPITAL && classOfCode(text.charCodeAt(i + 1)) === LETTER));
        const isStart = before === SEPARATOR || isCamel || (now === DIGIT) !== (before === DIGIT);
        const lower = now !== CAPITAL ? code : code < 0x80 ? code | 0x20 : lowerCode(code);
        this.#put(lower, isStart ? mark : 0);
      }
      before = now;
    }
    this.#put(TEXT_END, END_MARK);
  }

  /** All texts, each followed by {@link TEXT_END}, and the mark of each character: 0 inside of a word. */
  build(): { readonly text: string; readonly marks: Uint8Array } {
    const text = UTF16.decode(this.#codes.subarray(0, this.#length));
    return { text, marks: this.#marks.slice(0, this.#length) };
  }
}

function lowerCode(code: number): number {
  const lower = String.fromCharCode(code).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : code;
}

/** The words of a text, joined without separators, with and without leading zeros of numbers. */
export function joinedForms(text: string): string[] {
  const words = new WordsBuilder();
  words.add(text, 1);
  return [...new Set(words.build().text.split("\n"))].filter((form) => form !== "");
}

/** Splits a text into words. */
export function wordsOf(text: string): string[] {
  const words = new WordsBuilder();
  words.add(text, 1);
  const { text: joined, marks } = words.build();
  const found: string[] = [];
  let start = -1;
  for (let i = 0; i < joined.length; i++) {
    if (marks[i] === 0) continue;
    if (start >= 0) found.push(joined.slice(start, i));
    start = marks[i] === END_MARK ? -1 : i;
  }
  return found;
}

/** A key whose order is natural: numbers by value, letters without case. */
export function naturalKey(text: string): string {
  return text.toLowerCase().replace(/\d+/g, (digits) => {
    const short = digits.replace(/^0+(?=\d)/, "");
    return `0${String.fromCharCode(0x30 + Math.min(short.length, 0x4f))}${short}`;
  });
}
