/**
 * Gives memory back at once, where V8 would let some 64 MB of unused buffers lie before it looks for them. Every view on
 * the bytes is empty from then on, so that a use after it reads nothing, and never what another wrote there.
 * @param bytes nobody else's; left alone where they are part of a larger buffer, as a small Buffer of Node is
 * @throws {TypeError} where they were freed before: two believe that the bytes are theirs
 */
export function freeBytes({ buffer, byteLength }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0);
}
