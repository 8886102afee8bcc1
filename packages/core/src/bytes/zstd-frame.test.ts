import { expect, test } from "vitest";
import { readZstdFrame, zstdFrame } from "./zstd-frame.ts";

/** Bytes with a share of zeros; the others do not compress. */
function bytesOf(length: number, zeros: number): Uint8Array {
  let seed = 1;
  const bytes = Uint8Array.from({ length }, () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) >>> 24);
  return bytes.fill(0, 0, length * zeros);
}

test.each([
  [1, 0],
  [40_000, 0],
  [41_000, 0],
  [131_073, 0],
  [1_000_000, 0],
  [60_000, 1],
  [1_000_000, 0.97],
  [200_000, 1],
  // More than the 8 MB window that readers accept.
  [9_000_000, 0.9],
])("%i bytes, %d of them zeros, come back", (length, zeros) => {
  const bytes = bytesOf(length, zeros);
  const frame = zstdFrame(bytes);
  expect(frame.length).toBeLessThan(length * (1 - zeros) * 1.001 + 2_000);
  expect(Buffer.from(readZstdFrame(frame, length)).equals(bytes)).toBe(true);
});

test("decompressed bytes begin at a multiple of eight", () => {
  for (let length = 1; length < 40; length++) {
    const { buffer, byteOffset } = readZstdFrame(zstdFrame(bytesOf(length, 0)), length);
    expect(new Float64Array(buffer, byteOffset, Math.floor(length / 8)).length).toBe(Math.floor(length / 8));
  }
});

test("a truncated frame is refused", () => {
  const bytes = bytesOf(50_000, 0);
  expect(() => readZstdFrame(zstdFrame(bytes).subarray(0, -3), bytes.length)).toThrow("nexpected end of file");
});
