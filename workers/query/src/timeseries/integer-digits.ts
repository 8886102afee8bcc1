const ZERO = 0x30;
const MINUS = 0x2d;
/** Digits that are written as one small integer, which V8 stores without a heap number. */
const LOW_DIGITS = 9;
const LOW = 10 ** LOW_DIGITS;

/**
 * Writes a safe integer other than -0 as decimal digits in ASCII. V8's own conversion of numbers beyond 2^31 takes
 * several times as long, and an answer has one for each time.
 * @returns the offset behind the last digit
 */
export function writeInteger(bytes: Uint8Array, at: number, value: number): number {
  let start = at;
  if (value < 0) bytes[start++] = MINUS;
  const size = Math.abs(value);
  const high = Math.floor(size / LOW);
  if (high === 0) return writeDigits(bytes, start, size, 1);
  return writeDigits(bytes, writeDigits(bytes, start, high, 1), size - high * LOW, LOW_DIGITS);
}

/** @param value below 10^9 @param least digits; shorter numbers get leading zeros */
function writeDigits(bytes: Uint8Array, at: number, value: number, least: number): number {
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits++;
  const end = at + Math.max(least, digits);
  let rest = value | 0;
  for (let i = end - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    bytes[i] = ZERO + rest - next * 10;
    rest = next;
  }
  return end;
}
