import { DAY_MS } from "../domain/day.ts";

/**
 * The samples of one point in one segment. Offsets are milliseconds since the start of the segment's UTC day, in [0, DAY_MS), each once.
 */
export interface PointPart {
  readonly pointId: number;
  readonly offsets: readonly number[];
  readonly values: readonly number[];
}

/** A stored row that our code cannot have written. */
export class StoredRowError extends Error {
  override readonly name = "StoredRowError";

  readonly key: number;
  readonly reason: string;

  constructor(key: number, reason: string) {
    super(`segment ${key}: ${reason}`);
    this.key = key;
    this.reason = reason;
  }
}

/** Formats a double as JSON that parses back to the same bits. JSON.stringify would write -0 as 0. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** A point's samples: `{"<ms of the day>":<number>,…}`. */
export function encodeSamples({ offsets, values }: Pick<PointPart, "offsets" | "values">): string {
  let text = "{";
  for (let i = 0; i < offsets.length; i++) {
    text += `${i > 0 ? "," : ""}"${offsets[i]!}":${numberText(values[i]!)}`;
  }
  return `${text}}`;
}

/** A segment's body: `{"<point id>":{"<ms of the day>":<number>,…},…}`. */
export function encodeBody(parts: readonly PointPart[]): string {
  return `{${parts.map((part) => `"${part.pointId}":${encodeSamples(part)}`).join()}}`;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** A JSON number. Number() alone would accept "+1", "01" and "1." too. */
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Digits of the largest point id, and of a day's last millisecond. */
const MAX_DIGITS = 8;

/**
 * Parses a body or a part of one. It scans the text because JSON.parse takes 1.7 times as long (an object of numeric
 * keys becomes a hash table) and silently drops duplicate keys.
 * @param key the segment's, for errors
 * @param text null: SQLite cannot read it
 * @throws {StoredRowError} for a text that {@link encodeBody} cannot have written, except for the order of keys
 */
export function decodeBody(key: number, text: string | null): PointPart[] {
  if (text === null) throw new StoredRowError(key, "is malformed JSONB");
  return new BodyScan(key, text).parts();
}

class BodyScan {
  readonly #key: number;
  readonly #text: string;
  #at = 0;

  constructor(key: number, text: string) {
    this.#key = key;
    this.#text = text;
  }

  parts(): PointPart[] {
    const parts: PointPart[] = [];
    const ids = new Set<number>();
    this.#object((pointId) => {
      if (ids.has(pointId)) this.#fail(`has point ${pointId} twice`);
      ids.add(pointId);
      parts.push({ pointId, ...this.#samples() });
    });
    if (this.#at !== this.#text.length) this.#fail(`does not end at ${this.#at}`);
    return parts;
  }

  #samples(): Pick<PointPart, "offsets" | "values"> {
    const text = this.#text;
    const offsets: number[] = [];
    const values: number[] = [];
    let isAscending = true;
    this.#object((offset) => {
      if (offset >= DAY_MS) this.#fail(`has the offset ${offset}, which no day has`);
      const start = this.#at;
      NUMBER.lastIndex = start;
      const value = NUMBER.test(text) ? Number(text.slice(start, NUMBER.lastIndex)) : Number.NaN;
      // "1e999" is JSON, but it is infinite, and no stored value is.
      if (!Number.isFinite(value)) this.#fail(`has a bad value at ${start}`);
      this.#at = NUMBER.lastIndex;
      if (offsets.length > 0 && offset <= offsets.at(-1)!) isAscending = false;
      offsets.push(offset);
      values.push(value);
    });
    if (isAscending) return { offsets, values };
    const order = offsets.map((_, i) => i).sort((a, b) => offsets[a]! - offsets[b]!);
    const sorted = { offsets: order.map((i) => offsets[i]!), values: order.map((i) => values[i]!) };
    const twice = sorted.offsets.find((offset, i) => i > 0 && offset === sorted.offsets[i - 1]);
    if (twice !== undefined) this.#fail(`has the offset ${twice} twice`);
    return sorted;
  }

  /** Reads `{"<digits>":…,…}`; `member` reads what stands behind the colon. */
  #object(member: (key: number) => void): void {
    const text = this.#text;
    if (text.charCodeAt(this.#at) !== OPEN) this.#fail(`has no object at ${this.#at}`);
    this.#at++;
    if (text.charCodeAt(this.#at) === CLOSE) {
      this.#at++;
      return;
    }
    for (;;) {
      if (text.charCodeAt(this.#at) !== QUOTE) this.#fail(`has no key at ${this.#at}`);
      const digits = this.#at + 1;
      let key = 0;
      let at = digits;
      for (; ; at++) {
        const digit = text.charCodeAt(at) - 0x30;
        if (!(digit >= 0 && digit <= 9)) break;
        key = key * 10 + digit;
      }
      const length = at - digits;
      const isCanonical = length > 0 && length <= MAX_DIGITS && (length === 1 || text.charCodeAt(digits) !== 0x30);
      if (!isCanonical || text.charCodeAt(at) !== QUOTE || text.charCodeAt(at + 1) !== COLON) {
        this.#fail(`has a bad key at ${digits}`);
      }
      this.#at = at + 2;
      member(key);
      const next = text.charCodeAt(this.#at);
      if (next !== COMMA && next !== CLOSE) this.#fail(`has neither a comma nor an end at ${this.#at}`);
      this.#at++;
      if (next === CLOSE) return;
    }
  }

  #fail(reason: string): never {
    throw new StoredRowError(this.#key, reason);
  }
}
