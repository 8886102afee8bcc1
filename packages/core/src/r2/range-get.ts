import { DayFileChanged, DayFileCorrupt, DayFileMissing } from "./file-error.ts";

/** The part of R2Object that a read uses. `arrayBuffer` is missing if the ETag did not match. */
interface RangeObject {
  readonly etag: string;
  /** of the whole object, bytes */
  readonly size: number;
  arrayBuffer?(): Promise<ArrayBuffer>;
}

interface RangeOptions {
  range: { offset: number; length: number } | { suffix: number };
  onlyIf?: { etagMatches: string };
}

/** The part of R2Bucket that a read uses. */
export interface RangeBucket {
  get(key: string, options: RangeOptions): Promise<RangeObject | null>;
}

/** The cost of reads, which the API returns and tests and benchmarks count. */
export interface RangeCost {
  requests: number;
  bytes: number;
}

/** Bytes [offset, offset + bytes.length) of an object. */
export interface FetchedRange {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly offset: number;
  readonly etag: string;
  /** of the whole object, bytes */
  readonly size: number;
}

/** R2's code for a range that begins beyond the end of the object. */
const INVALID_RANGE = /\(10039\)/;

/**
 * Fetches `length` bytes from `offset` with one request. Without an offset it fetches the last `length` bytes, or the
 * whole object if that is shorter.
 * @param etag of the planned object; null: any object of the key
 * @param wanted `fileBytes`: expected size of the object; undefined: not checked
 * @throws {DayFileMissing} {@link DayFileChanged}; {@link DayFileCorrupt} if the object has another size or ends early;
 * R2's errors
 */
export async function fetchRange(
  bucket: RangeBucket,
  key: string,
  etag: string | null,
  wanted: { readonly offset: number | null; readonly length: number; readonly fileBytes?: number | undefined },
  cost: RangeCost,
): Promise<FetchedRange> {
  const { offset, length } = wanted;
  const range = offset === null ? { suffix: length } : { offset, length };
  cost.requests++;
  let object: RangeObject | null;
  try {
    object = await bucket.get(key, etag === null ? { range } : { range, onlyIf: { etagMatches: etag } });
  } catch (error) {
    if (!(error instanceof Error && INVALID_RANGE.test(error.message))) throw error;
    // No cause: R2's answer proves that the object is too short.
    throw new DayFileCorrupt(key, offset ?? 0, "the file ends before this byte");
  }
  if (object === null) throw new DayFileMissing(key);
  if (object.arrayBuffer === undefined) throw new DayFileChanged(key, etag ?? "", object.etag);
  const { size } = object;
  if (wanted.fileBytes !== undefined && size !== wanted.fileBytes) {
    const reason = `the file has ${size} bytes, the manifest states ${wanted.fileBytes}`;
    throw new DayFileCorrupt(key, Math.min(size, wanted.fileBytes), reason);
  }
  const bytes = new Uint8Array(await object.arrayBuffer());
  cost.bytes += bytes.length;
  const expected = offset === null ? Math.min(length, object.size) : length;
  const from = offset ?? object.size - expected;
  if (bytes.length !== expected) {
    throw new DayFileCorrupt(key, from, `the file ends early: ${bytes.length} of ${expected} bytes`);
  }
  return { bytes, offset: from, etag: object.etag, size: object.size };
}
