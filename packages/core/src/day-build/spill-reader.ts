import type { Series } from "../domain/samples.ts";
import { DayFileCorrupt } from "../r2/file-error.ts";
import { freeBytes } from "../bytes/free-bytes.ts";
import { fetchRange, type RangeBucket } from "../r2/range-get.ts";
import {
  type BlockRows,
  copyPoint,
  openBlock,
  parseIndex,
  parseTrailer,
  type SpillBlock,
  type SpillIndex,
  TRAILER_BYTES,
} from "./spill-format.ts";

/** The index of 4,583 points takes about 10 KB. A spill up to this size is read by one request. */
const TAIL_BYTES = 32 * 1024;

/**
 * Bytes per request. A merge reads 24 spills side by side, each with a range of this size and a decoded block in
 * memory.
 */
const RANGE_BYTES = 128 * 1024;

interface Window {
  /** offset of `bytes` in the object */
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Reads a spill from its first point to its last, by ranges. Fails if the object is replaced after it was opened. */
export class SpillReader {
  readonly index: SpillIndex;
  readonly #bucket: RangeBucket;
  readonly #key: string;
  readonly #etag: string;
  #window: Window;
  #block = 0;
  #point = 0;
  #row = 0;
  #rows: BlockRows | null = null;

  private constructor(bucket: RangeBucket, key: string, etag: string, index: SpillIndex, window: Window) {
    this.#bucket = bucket;
    this.#key = key;
    this.#etag = etag;
    this.index = index;
    this.#window = window;
  }

  /** @throws {DayFileMissing} {@link DayFileChanged} {@link DayFileCorrupt}; R2's errors */
  static async open(bucket: RangeBucket, key: string): Promise<SpillReader> {
    const end = await fetchRange(bucket, key, null, { offset: null, length: TAIL_BYTES }, noCost());
    try {
      const trailer = parseTrailer(end.bytes.subarray(-TRAILER_BYTES));
      const length = trailer.bytes + TRAILER_BYTES;
      if (length > end.size) throw new Error("the index is longer than the spill");
      const whole =
        length <= end.bytes.length
          ? end
          : await fetchRange(bucket, key, end.etag, { offset: end.size - length, length }, noCost());
      const from = end.size - length - whole.offset;
      const index = parseIndex(whole.bytes.subarray(from, from + trailer.bytes), trailer);
      if (index.blocks.reduce((sum, { bytes }) => sum + bytes, 0) !== end.size - length) {
        throw new Error("the sizes of the blocks do not add up to the spill's");
      }
      return new SpillReader(bucket, key, end.etag, index, end);
    } catch (error) {
      throw asCorrupt(key, end.offset, error);
    }
  }

  /** The next point; null at the end. */
  get pointId(): number | null {
    return this.#current?.pointIds[this.#point] ?? null;
  }

  /** The number of samples of the next point; 0 at the end. */
  get pointRows(): number {
    return this.#current?.rows[this.#point] ?? 0;
  }

  /** Copies the samples of the next point into rows from `at` on, and advances. */
  async take(into: Series, at: number): Promise<void> {
    const block = this.#current;
    if (block === undefined) throw new RangeError(`${this.#key}: no point is left to read`);
    this.#rows ??= await this.#open(block);
    const end = this.#row + this.pointRows;
    try {
      copyPoint(this.index.hour, this.#rows, this.#row, end, into, at);
    } catch (error) {
      throw asCorrupt(this.#key, block.offset, error);
    }
    this.#row = end;
    this.#point++;
    if (this.#point === block.pointIds.length) {
      freeBytes(this.#rows.content);
      this.#rows = null;
      this.#block++;
      this.#point = 0;
      this.#row = 0;
    }
  }

  get #current(): SpillBlock | undefined {
    return this.index.blocks[this.#block];
  }

  async #open(block: SpillBlock): Promise<BlockRows> {
    const isIn = ({ offset, bytes }: Window) =>
      block.offset >= offset && block.offset + block.bytes <= offset + bytes.length;
    if (!isIn(this.#window)) {
      const wanted = { offset: block.offset, length: this.#rangeFrom(this.#block) };
      const window = await fetchRange(this.#bucket, this.#key, this.#etag, wanted, noCost());
      freeBytes(this.#window.bytes);
      this.#window = window;
    }
    const from = block.offset - this.#window.offset;
    try {
      return openBlock(block, this.#window.bytes.subarray(from, from + block.bytes));
    } catch (error) {
      throw asCorrupt(this.#key, block.offset, error);
    }
  }

  /** Bytes of as many whole blocks as fit into a range, at least one. */
  #rangeFrom(first: number): number {
    let length = 0;
    for (const { bytes } of this.index.blocks.slice(first)) {
      if (length > 0 && length + bytes > RANGE_BYTES) break;
      length += bytes;
    }
    return length;
  }
}

function noCost() {
  return { requests: 0, bytes: 0 };
}

function asCorrupt(key: string, offset: number, error: unknown): Error {
  // an error that already names the object
  if (error instanceof Error && "key" in error) return error;
  return new DayFileCorrupt(key, offset, error instanceof Error ? error.message : String(error), { cause: error });
}
