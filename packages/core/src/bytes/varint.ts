import type { Cursor } from "./byte-column.ts";

/** The most bytes of an encoded safe integer. */
export const MAX_VARINT_BYTES = 8;

/**
 * Writes an unsigned integer of at most 53 bits: seven bits a byte, lowest first; the top bit marks that more follow.
 */
export function writeVarint(cursor: Cursor, value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    cursor.bytes[cursor.at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  cursor.bytes[cursor.at++] = rest;
}

/** The inverse of {@link writeVarint}. @returns null: the bytes end early, or the number is no safe integer */
export function readVarint(cursor: Cursor): number | null {
  let value = 0;
  let scale = 1;
  for (let i = 0; i < MAX_VARINT_BYTES; i++) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return Number.isSafeInteger(value) ? value : null;
    scale *= 0x80;
  }
  return null;
}
