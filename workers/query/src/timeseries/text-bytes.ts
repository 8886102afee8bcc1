const ENCODER = new TextEncoder();

/** Bytes of a piece; one may have a little more. */
const PIECE = 65_536;
/** Characters that are encoded at a time. */
const SHORT = 4_096;
/** of UTF-8, for a unit of UTF-16, at most */
const MOST_BYTES = 3;
const ROOM = 2 * MOST_BYTES * SHORT;

/**
 * Text as UTF-8, in pieces. It becomes bytes a few KB at a time, for V8 flattens a long text that was joined of short
 * ones into its old generation, where 30 MB of answer lie as garbage before it looks for them.
 */
export class TextBytes {
  #piece = new Uint8Array(PIECE + ROOM);
  #length = 0;
  /** what comes next */
  #text = "";

  /** Whether it is time to take the piece. */
  get isFull(): boolean {
    return this.#length >= PIECE;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= SHORT) this.#encode();
  }

  /** What was added since the last piece, which is the caller's from now on. */
  take(): Uint8Array {
    this.#encode();
    const piece = this.#piece.subarray(0, this.#length);
    this.#piece = new Uint8Array(PIECE + ROOM);
    this.#length = 0;
    return piece;
  }

  #encode(): void {
    const most = this.#length + MOST_BYTES * this.#text.length;
    if (most > this.#piece.length) {
      const larger = new Uint8Array(2 * most);
      larger.set(this.#piece.subarray(0, this.#length));
      this.#piece = larger;
    }
    this.#length += ENCODER.encodeInto(this.#text, this.#piece.subarray(this.#length)).written;
    this.#text = "";
  }
}
