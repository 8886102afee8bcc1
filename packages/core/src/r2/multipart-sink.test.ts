import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryBucket } from "../../test/memory-bucket.ts";
import { MultipartSink, PART_BYTES } from "./multipart-sink.ts";

const MIB = 1024 * 1024;
const KEY = "timeseries/2025/10/12/a.parquet";

/** Bytes that differ by their place. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

/** Stores bytes in pieces of the given sizes; the last piece is the rest. */
async function store(bucket: MemoryBucket, bytes: Uint8Array, pieces: readonly number[], partBytes?: number) {
  const sink = new MultipartSink(bucket, KEY, partBytes);
  let at = 0;
  for (const size of pieces) {
    const piece = bytes.slice(at, at + size);
    await sink.write(piece);
    // The sink has copied the piece, so the writer may reuse its buffer.
    piece.fill(0);
    at += size;
  }
  await sink.write(bytes.subarray(at));
  return sink.finish();
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

describe("a sink", () => {
  test.each([
    [0, []],
    [1, []],
    [5 * MIB, []],
    [5 * MIB + 1, [5 * MIB, 1]],
    [10 * MIB, [5 * MIB, 5 * MIB]],
    [10 * MIB + 7, [5 * MIB, 5 * MIB, 7]],
  ])("stores %i bytes as parts of %j", async (length, parts) => {
    const bucket = new MemoryBucket();
    const bytes = pattern(length);
    const stored = await store(bucket, bytes, [1_000, 3 * MIB + 1], 5 * MIB);
    expect(bucket.uploads).toEqual(parts.length === 0 ? [] : [parts]);
    expect(bucket.puts).toBe(parts.length === 0 ? 1 : 0);
    // Compared by hash: vitest takes seconds to compare that many bytes.
    expect(await sha256(bucket.stored(KEY).bytes)).toBe(await sha256(bytes));
    expect(stored).toEqual({ etag: bucket.stored(KEY).etag, bytes: length, sha256: await sha256(bytes) });
  });

  test("stores the same bytes however they are split", async () => {
    const bytes = pattern(300_000);
    const sizes = fc.array(fc.oneof(fc.nat(200_000), fc.nat(3)), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(sizes, async (pieces) => {
        const bucket = new MemoryBucket();
        await store(bucket, bytes, pieces);
        expect(await sha256(bucket.stored(KEY).bytes)).toBe(await sha256(bytes));
      }),
      { numRuns: 30 },
    );
  });

  test("aborts its upload, so that nothing is stored", async () => {
    const bucket = new MemoryBucket();
    const sink = new MultipartSink(bucket, KEY);
    await sink.write(new Uint8Array(PART_BYTES + 1));
    expect(bucket.open).toBe(1);
    await sink.abort();
    expect([bucket.open, bucket.objects.size]).toEqual([0, 0]);
  });

  test("refuses an object of another size", async () => {
    const bucket = new MemoryBucket();
    const short = {
      put: async () => ({ etag: "e", size: 2 }),
      createMultipartUpload: () => bucket.createMultipartUpload(KEY),
    };
    const sink = new MultipartSink(short, KEY);
    await sink.write(new Uint8Array(3));
    await expect(sink.finish()).rejects.toThrow("stored 2 bytes of 3");
  });
});
