const ENCODER = new TextEncoder();

/** Bytes of a piece; one may have a little more. */
const PIECE = 65_536;
/** Room for what is written between two looks at whether a piece is full. */
const ROOM = 1_024;

/**
 * Text as UTF-8, in pieces. Numbers become bytes digit by digit, for V8 flattens a long text that was joined of short
 * ones into its old generation, where 30 MB of answer lie as garbage before it looks for them.
 */
export class TextBytes {
  #piece = new Uint8Array(PIECE + ROOM);
  #length = 0;

  /** Whether it is time to take the piece. */
  get isFull(): boolean {
    return this.#length >= PIECE;
  }

  /** Adds text of ASCII alone: numbers, times and what JSON and CSV put around them. */
  ascii(text: string): void {
    const { length } = text;
    this.#make(length);
    const [piece, at] = [this.#piece, this.#length];
    for (let i = 0; i < length; i++) piece[at + i] = text.charCodeAt(i);
    this.#length = at + length;
  }

  /** Adds bytes of UTF-8. */
  bytes(bytes: Uint8Array): void {
    this.#make(bytes.length);
    this.#piece.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  text(text: string): void {
    this.bytes(utf8(text));
  }

  /** What was added since the last piece, which is the caller's from now on. */
  take(): Uint8Array {
    const piece = this.#piece.subarray(0, this.#length);
    this.#piece = new Uint8Array(PIECE + ROOM);
    this.#length = 0;
    return piece;
  }

  /** Makes room. */
  #make(bytes: number): void {
    if (this.#length + bytes <= this.#piece.length) return;
    const larger = new Uint8Array(2 * (this.#length + bytes));
    larger.set(this.#piece.subarray(0, this.#length));
    this.#piece = larger;
  }
}

export function utf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}
