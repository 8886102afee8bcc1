/**
 * The most characters of one bound JSON text. D1 accepts a string of 2 MB; local D1 does not enforce this. Text outside
 * ASCII takes up to three bytes a character.
 */
export const MAX_ASCII_CHARS = 1_800_000;
export const MAX_UNICODE_CHARS = 600_000;

export interface JsonChunk<T> {
  readonly items: T[];
  /** a JSON array of the items' texts */
  readonly json: string;
}

/**
 * Splits items into JSON arrays of at most `maxChars` characters, in order, none empty. A longer item gets a chunk of
 * its own.
 */
export function* jsonChunks<T>(
  items: Iterable<T>,
  encode: (item: T) => string,
  maxChars: number,
): Generator<JsonChunk<T>> {
  let chunk: T[] = [];
  let texts: string[] = [];
  let chars = 1;
  for (const item of items) {
    const text = encode(item);
    if (chunk.length > 0 && chars + text.length + 1 > maxChars) {
      yield { items: chunk, json: `[${texts.join()}]` };
      chunk = [];
      texts = [];
      chars = 1;
    }
    chunk.push(item);
    texts.push(text);
    chars += text.length + 1;
  }
  if (chunk.length > 0) yield { items: chunk, json: `[${texts.join()}]` };
}
