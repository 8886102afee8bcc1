import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { freeBytes } from "./free-bytes.ts";

/** Level for data that is rewritten often. Data that is kept for years passes a higher one. */
const LEVEL = 3;

/** An empty, uncompressed last block. */
const END = Uint8Array.of(1, 0, 0);

/** zstd sizes its tables and window by the pledged input size: a page then takes half the CPU and fewer bytes. */
const LARGEST_PLEDGE = 2 ** 20;

/**
 * Compresses bytes into one zstd frame without a checksum. workerd fails to end a frame of more than 40 KB of output
 * ("Unexpected end of file"), but its flush works. So the frame is flushed, and its end is appended.
 * @param level of zstd, 1 to 19
 */
export function zstdFrame(bytes: Uint8Array, level = LEVEL): Uint8Array<ArrayBuffer> {
  const options = { finishFlush: constants.ZSTD_e_flush, params: { [constants.ZSTD_c_compressionLevel]: level } };
  // A frame that states its size has a window of that size, and readers accept 8 MB at most.
  const isPledged = bytes.length <= LARGEST_PLEDGE;
  const open = zstdCompressSync(bytes, isPledged ? { ...options, pledgedSrcSize: bytes.length } : options);
  const frame = new Uint8Array(open.length + END.length);
  frame.set(open);
  frame.set(END, open.length);
  freeBytes(open);
  return frame;
}

/** Limit of a frame's window: 8 MB, four times what level 3 makes. */
const WINDOW = { [constants.ZSTD_d_windowLogMax]: 23 };

/** With an exact limit workerd refuses frames of 41,000 to 131,072 bytes ("Memory limit exceeded"). */
const OUTPUT_SLACK = 131_072;

/**
 * Decompresses a frame. The bytes begin at a multiple of eight in their buffer, so that a Float64Array can view them.
 * @param size of the decompressed bytes
 * @throws {Error} if the frame is damaged or has another size
 */
export function readZstdFrame(frame: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const bytes = zstdDecompressSync(frame, { maxOutputLength: size + OUTPUT_SLACK, params: WINDOW });
  if (bytes.length !== size) throw new Error(`zstd frame: ${bytes.length} bytes decompressed, expected ${size}`);
  // A small Buffer of Node lies anywhere in its pool, and its slice() makes no copy.
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}
