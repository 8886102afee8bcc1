// The types of Thrift's compact protocol that Parquet uses.
const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12];

/** Parquet's structures nest seven deep. */
const MAX_DEPTH = 16;

/** Most bytes of a 64-bit number, and of any other. hyparquet misreads longer ones. */
const LONG_BYTES = 10;
const NUMBER_BYTES = 5;

/**
 * Checks a struct of Thrift's compact protocol before hyparquet parses it: hyparquet allocates as many elements as a
 * list claims, and takes quadratic time for a number without an end.
 * @returns the byte after the struct
 * @throws {Error} if it ends beyond the bytes, or claims more than they can hold
 */
export function checkThrift(bytes: Uint8Array, start: number): number {
  let at = start;
  const next = (): number => {
    const byte = bytes[at++];
    if (byte === undefined) throw new Error("Thrift: a structure without an end");
    return byte;
  };
  const skip = (length: number): void => {
    if (!(length <= bytes.length - at)) throw new Error("Thrift: a structure is longer than its bytes");
    at += length;
  };
  const varint = (most = NUMBER_BYTES): number => {
    let [value, weight] = [0, 1];
    for (let n = 0; n < most; n++, weight *= 128) {
      const byte = next();
      value += (byte & 0x7f) * weight;
      if (byte >= 0x80) continue;
      if (most === NUMBER_BYTES && value >= 2 ** 32) break;
      return value;
    }
    throw new Error("Thrift: a number without an end");
  };
  const list = (depth: number): void => {
    const head = next();
    const size = head >> 4 === 15 ? varint() : head >> 4;
    const type = head & 0x0f;
    // An element takes at least a byte.
    if (size > bytes.length - at) throw new Error("Thrift: a list is longer than its bytes");
    for (let i = 0; i < size; i++) element(type === TRUE || type === FALSE ? BYTE : type, depth);
  };
  const element = (type: number, depth: number): void => {
    if (type === TRUE || type === FALSE) return;
    if (type === BYTE) skip(1);
    else if (type === I16 || type === I32) varint();
    else if (type === I64) varint(LONG_BYTES);
    else if (type === DOUBLE) skip(8);
    else if (type === BINARY) skip(varint());
    else if (type === LIST) list(depth + 1);
    else if (type === STRUCT) struct(depth + 1);
    else throw new Error(`Thrift: an element of type ${type}`);
  };
  const struct = (depth: number): void => {
    if (depth > MAX_DEPTH) throw new Error(`Thrift: structures nest deeper than ${MAX_DEPTH}`);
    for (let head = next(); (head & 0x0f) !== STOP; head = next()) {
      if (head >> 4 === 0) varint();
      element(head & 0x0f, depth);
    }
  };
  struct(0);
  return at;
}
