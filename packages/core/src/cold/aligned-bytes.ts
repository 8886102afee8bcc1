/** The bytes, so that a view on doubles may begin where they do: as they are where they lie so, else a copy. */
export function alignedBytes(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteOffset % Float64Array.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
}
