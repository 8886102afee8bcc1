import { numberText } from "@building-vitals/core/store/segment-body";
import { writeInteger } from "./integer-digits.ts";

const ENCODER = new TextEncoder();

/** Bytes of a piece. A piece can be slightly longer. */
const PIECE = 65_536;
/** UTF-16 units that are encoded at a time. */
const SHORT = 4_096;
/** UTF-8 bytes of a UTF-16 unit, at most */
const MOST_BYTES = 3;
const ROOM = 2 * MOST_BYTES * SHORT;
/** Bytes of a number's text and a comma, at most: -2.2250738585072014e-308 */
const NUMBER_BYTES = 26;
const COMMA = 0x2c;

/** A value as text, bit for bit; `none` for NaN. */
export function valueText(value: number, none: string): string {
  return Number.isNaN(value) ? none : numberText(value);
}

/**
 * Text as UTF-8, in pieces. Encodes a few KB at a time. V8 would flatten longer joined texts into its old generation,
 * and 30 MB of an answer would stay there as garbage until the next major collection.
 */
export class TextBytes {
  #piece = new Uint8Array(PIECE + ROOM);
  #length = 0;
  /** text that is not encoded yet */
  #text = "";

  /** Whether the caller should take the piece. */
  get isFull(): boolean {
    return this.#length >= PIECE;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= SHORT) this.#encode();
  }

  /**
   * Adds comma-separated numbers, bit for bit; NaN becomes `null`. Integers, the most frequent case, are written
   * without a string.
   */
  addNumbers(values: Float64Array | Int32Array | Uint8Array): void {
    this.#encode();
    this.#reserve(values.length * NUMBER_BYTES);
    const piece = this.#piece;
    let at = this.#length;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (i > 0) piece[at++] = COMMA;
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) at = writeInteger(piece, at, value);
      else {
        const text = valueText(value, "null");
        for (let c = 0; c < text.length; c++) piece[at++] = text.charCodeAt(c);
      }
    }
    this.#length = at;
  }

  /** The bytes added since the last call. They belong to the caller. */
  take(): Uint8Array {
    this.#encode();
    const piece = this.#piece.subarray(0, this.#length);
    this.#piece = new Uint8Array(PIECE + ROOM);
    this.#length = 0;
    return piece;
  }

  #encode(): void {
    this.#reserve(MOST_BYTES * this.#text.length);
    this.#length += ENCODER.encodeInto(this.#text, this.#piece.subarray(this.#length)).written;
    this.#text = "";
  }
  /** Makes room for this many more bytes. */
  #reserve(bytes: number): void {
    const most = this.#length + bytes;
    if (most <= this.#piece.length) return;
    const larger = new Uint8Array(2 * most);
    larger.set(this.#piece.subarray(0, this.#length));
    this.#piece = larger;
  }
}
