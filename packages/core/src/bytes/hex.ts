import { Buffer } from "node:buffer";

// D1 returns a BLOB as an array of numbers, so BLOBs are read with `hex()` and written with `unhex()`.

/** The value of each hexadecimal digit, by character code. */
const DIGITS = new Uint8Array(128);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  DIGITS[text.charCodeAt(0)] = digit;
  DIGITS[text.toUpperCase().charCodeAt(0)] = digit;
}

/**
 * Decodes the text of SQLite's `hex()`. In workerd it is twice as fast as Buffer and Uint8Array.fromHex, which start
 * slowly.
 */
export function hexBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (DIGITS[hex.charCodeAt(2 * i)]! << 4) | DIGITS[hex.charCodeAt(2 * i + 1)]!;
  }
  return bytes;
}

/** Encodes bytes like SQLite's `hex()`. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex").toUpperCase();
}
