/**
 * Frees memory at once; V8 lets about 64 MB of unused buffers accumulate before it collects them. Every view of the
 * bytes becomes empty, so a later use reads nothing, never another owner's bytes.
 * @param bytes without another owner; ignored if they are a part of a larger buffer, like a small Buffer of Node
 * @throws {TypeError} if they were freed before, so that they had two owners
 */
export function freeBytes({ buffer, byteLength }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0);
}
