import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { freeBytes } from "./free-bytes.ts";

/** Of what is written each hour. What is written once and kept for years takes a higher one. */
const LEVEL = 3;

/** A last block, uncompressed, of no bytes. */
const END = Uint8Array.of(1, 0, 0);

/** zstd makes the tables and the window of a smaller input smaller: a page takes half of the CPU and fewer bytes. */
const LARGEST_PLEDGE = 2 ** 20;

/**
 * One zstd frame of any bytes. workerd's own end of a frame fails ("Unexpected end of file") where more than some 40 KB
 * come out, as of noise; its flush does not. So the frame is flushed, and ended here. Such a frame has no checksum.
 * @param level of zstd, 1 to 19
 */
export function zstdFrame(bytes: Uint8Array, level = LEVEL): Uint8Array<ArrayBuffer> {
  const options = { finishFlush: constants.ZSTD_e_flush, params: { [constants.ZSTD_c_compressionLevel]: level } };
  // The window of a frame that names its size is that size, and readers take a window of 8 MB at most.
  const isPledged = bytes.length <= LARGEST_PLEDGE;
  const open = zstdCompressSync(bytes, isPledged ? { ...options, pledgedSrcSize: bytes.length } : options);
  const frame = new Uint8Array(open.length + END.length);
  frame.set(open);
  frame.set(END, open.length);
  freeBytes(open);
  return frame;
}

/** A frame's own claim of how much of it must be kept while decompressing: 8 MB, four times what level 3 makes. */
const WINDOW = { [constants.ZSTD_d_windowLogMax]: 23 };

/** workerd refuses frames of 41,000 to 131,072 bytes ("Memory limit exceeded") where the limit is just their size. */
const OUTPUT_SLACK = 131_072;

/**
 * The bytes of a frame, beginning at a multiple of eight of their buffer, so that a view on doubles may begin there.
 * @param size bytes that must come out
 * @throws {Error} where it is no frame of that many
 */
export function readZstdFrame(frame: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const bytes = zstdDecompressSync(frame, { maxOutputLength: size + OUTPUT_SLACK, params: WINDOW });
  if (bytes.length !== size) throw new Error(`decompressed to ${bytes.length} bytes instead of ${size}`);
  // a small Buffer of Node lies anywhere in its pool, and its slice() is no copy
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}
