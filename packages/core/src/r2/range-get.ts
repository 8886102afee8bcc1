import { DayFileChanged, DayFileCorrupt, DayFileMissing } from "./file-error.ts";

/** What is needed of an R2Object: `arrayBuffer` is missing where the etag was another one. */
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

/** What is needed of an R2Bucket to read a file. */
export interface RangeBucket {
  get(key: string, options: RangeOptions): Promise<RangeObject | null>;
}

/** What reads cost, to tell the caller of our API, the tests and the benchmarks. */
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
 * One request for `length` bytes from `offset`; from the end of the object where `offset` is null, and then the whole
 * object where it is shorter.
 * @param etag of the object as it was planned for; null: whichever is there
 * @param wanted `fileBytes`: size that the whole object must have, where it is known
 * @throws {DayFileMissing} {@link DayFileChanged}; {@link DayFileCorrupt} where the object has another size or ends too
 *   early; R2's errors
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
    // No cause: the range proves that the object is too short.
    throw new DayFileCorrupt(key, offset ?? 0, "the file ends before this byte");
  }
  if (object === null) throw new DayFileMissing(key);
  if (object.arrayBuffer === undefined) throw new DayFileChanged(key, etag ?? "", object.etag);
  const { size } = object;
  if (wanted.fileBytes !== undefined && size !== wanted.fileBytes) {
    const reason = `the file has ${size} bytes, the manifest says ${wanted.fileBytes}`;
    throw new DayFileCorrupt(key, Math.min(size, wanted.fileBytes), reason);
  }
  const bytes = new Uint8Array(await object.arrayBuffer());
  cost.bytes += bytes.length;
  const expected = offset === null ? Math.min(length, object.size) : length;
  const from = offset ?? object.size - expected;
  if (bytes.length !== expected) {
    throw new DayFileCorrupt(key, from, `the file ends early: ${bytes.length} of ${expected} bytes are there`);
  }
  return { bytes, offset: from, etag: object.etag, size: object.size };
}
