/** Bytes [offset, offset + length) of a file. */
export interface ByteRange {
  readonly offset: number;
  /** at least 1 */
  readonly length: number;
}

/** `bytes=0-99`, `bytes=100-` or `bytes=-100`: the only form that Parquet readers send. */
const ONE_RANGE = /^bytes=(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))$/i;

/**
 * Parses a `range` header (RFC 9110, 14.2).
 * @param size of the file, bytes
 * @returns `all` also for a malformed header or several ranges: a server may ignore those
 */
export function parseByteRange(header: string | null, size: number): ByteRange | "all" | "unsatisfiable" {
  const parts = ONE_RANGE.exec(header ?? "");
  if (parts === null) return "all";
  const [, first, last, suffix] = parts;
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size);
    return length === 0 ? "unsatisfiable" : { offset: size - length, length };
  }
  const offset = Number(first);
  const end = last === undefined ? size - 1 : Number(last);
  if (end < offset && last !== undefined) return "all";
  if (offset >= size) return "unsatisfiable";
  return { offset, length: Math.min(end, size - 1) - offset + 1 };
}

/** Whether an `if-none-match` header names an etag (weak comparison, RFC 9110, 13.1.2). */
export function namesEtag(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header.trim() === "*" || header.split(",").some((candidate) => candidate.trim().replace(/^W\//, "") === etag);
}
